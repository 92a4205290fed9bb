package signer

import (
	"cmp"
	"context"
	"slices"

	"github.com/restante/restante/relay"
)

// Fundings lists the fundings that are not known dead, in the order of the log.
func (s *Signer) Fundings(ctx context.Context) ([]string, error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var standing []*funding
	for _, f := range s.book.fundings {
		if !f.dead() {
			standing = append(standing, f)
		}
	}
	slices.SortFunc(standing, func(a, b *funding) int { return cmp.Compare(a.span.offset, b.span.offset) })
	hashes := make([]string, len(standing))
	for i, f := range standing {
		hashes[i] = f.hash
	}
	return hashes, nil
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
