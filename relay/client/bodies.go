package client

import "github.com/restante/restante/relay/wire"

// The answers of the relay, field by field as package wire describes them.
type (
	Payment     = wire.Payment
	PaymentList = wire.PaymentList
	Settlement  = wire.Settlement
	Preview     = wire.Preview
	Voucher     = wire.Voucher
	Story       = wire.Story
	Receipt     = wire.Receipt
	Treasury    = wire.Treasury
	Limits      = wire.Limits
	Reclaiming  = wire.Reclaiming
	App         = wire.App
	Key         = wire.Key
	ClaimView   = wire.ClaimView
	CodeSession = wire.CodeSession
	Proven      = wire.Proven
	Plan        = wire.Plan
)
