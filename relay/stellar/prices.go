package stellar

import "github.com/restante/restante/relay"

// Prices are what a payment's parts cost, as this package builds them.
var Prices = relay.Prices{Reserve: BaseReserve, Least: MinBaseFee, Fees: FeePurse, Rung: OwnRungFee, Gift: FirstFees}
