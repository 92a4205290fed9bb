package stellar

import "github.com/restante/restante/relay"

// Prices are what a payment's parts cost: Reserve and Least are the network's, the others are ours.
var Prices = relay.Prices{Reserve: BaseReserve, Least: MinBaseFee, Fees: relay.FeePurse, Rung: relay.OwnRungFee, Gift: relay.FirstFees}
