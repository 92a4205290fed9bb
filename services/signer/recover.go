package signer

import (
	"cmp"
	"context"
	"slices"

	"github.com/restante/restante/relay"
)

// Fundings lists every funding, in the order of the log.
func (s *Signer) Fundings(ctx context.Context) ([]relay.FundingFate, error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var listed []*funding
	for _, f := range s.book.fundings {
		listed = append(listed, f)
	}
	slices.SortFunc(listed, func(a, b *funding) int { return cmp.Compare(a.span.offset, b.span.offset) })
	fates := make([]relay.FundingFate, len(listed))
	for i, f := range listed {
		fates[i] = relay.FundingFate{Hash: f.hash, Dead: f.dead()}
	}
	return fates, nil
}

// Funding is the answer that was given with this hash.
func (s *Signer) Funding(ctx context.Context, hash string) (relay.FundAnswer, error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return relay.FundAnswer{}, err
	}
	defer leave()
	f := s.book.fundings[hash]
	if f == nil {
		return relay.FundAnswer{}, relay.ErrNotFound
	}
	return s.answer(f)
}
