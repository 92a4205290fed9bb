// Package jet is the bus on NATS JetStream: in this process ([Start]) or a cluster ([Connect]), the same [Bus].
//
// It promises to be a doorbell and no more. A ring may come twice, late, or never: JetStream acknowledges before it
// syncs, its directory may be deleted at any moment, and every row of work is found by the sweep of the database anyway.
// So nothing here is durable on purpose, a damaged directory is thrown away, and a full stream makes the [Pump] wait.
//
// Two streams:
//
//   - WORK, restante.work.KIND: one message per attempt at a row of work ([events.Ring]); a work queue, kept for minutes;
//   - EVENTS, restante.event.APP.PAYMENT.STATE: what was announced ([events.Event]); kept for a day.
//
// The way of a ring: the database commits the row → [Pump] sees it, publishes, marks it announced → [Bus.Consume] hands
// it to a handler, which leases the row → the handler's [events.Outcome] becomes an acknowledgment, in outcome.go alone.
//
// It refuses to listen on a port when it is in this process, and to put anything but rings and events on the bus.
package jet
