package verify

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/stellar/go-stellar-sdk/xdr"
)

const maxFrame = 256 << 20 // bytes

// Options of File. The zero value replays the network of the recordings and keeps no differences.
type Options struct {
	Passphrase  string // "" = Passphrase
	Differences int    // how many to keep
}

// Report is what became of one file.
type Report struct {
	Counts
	Name        string
	OfRefusals  bool // the file holds refusals, not ledgers
	Differences []Difference
}

// Identical says whether everything that the file is about was the recorded bytes, and that there was something.
func (r Report) Identical() bool {
	if r.OfRefusals {
		return r.Refusals.All > 0 && r.Refusals.Same == r.Refusals.All
	}
	return r.Results.All > 0 && r.Results.Same == r.Results.All && r.Entries.Same == r.Entries.All
}

func (r Report) String() string {
	if r.OfRefusals {
		return fmt.Sprintf("%s rejections identical %d of %d", r.Name, r.Refusals.Same, r.Refusals.All)
	}
	return fmt.Sprintf("%s results identical %d of %d, entries identical %d of %d", r.Name, r.Results.Same, r.Results.All,
		r.Entries.Same, r.Entries.All)
}

const refusalsSuffix = ".rejected.jsonl"

// File replays a recording. For a file of refusals it replays the ledgers of the sibling NAME.xdr.gz, which must be there. An error
// means that a file could not be read to its end; the report then says how far it came.
func File(ctx context.Context, path string, o Options) (Report, error) {
	base := strings.TrimSuffix(path, ".gz")
	report := Report{Name: filepath.Base(strings.TrimSuffix(base, ".xdr"))}
	refused := map[uint32][]Refusal{}
	ledgers := path
	if name, ok := strings.CutSuffix(base, refusalsSuffix); ok {
		report.Name, report.OfRefusals = filepath.Base(name), true
		f, err := open(path)
		if err != nil {
			return report, err
		}
		refused, err = Refusals(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return report, err
		}
		if ledgers = name + ".xdr.gz"; !exists(ledgers) {
			ledgers = name + ".xdr"
		}
	}
	o.Passphrase = cmp.Or(o.Passphrase, Passphrase)
	r, err := New(o.Passphrase)
	if err != nil {
		return report, err
	}
	r.Differ = func(d Difference) {
		if d.ofRefusal() == report.OfRefusals && len(report.Differences) < o.Differences {
			report.Differences = append(report.Differences, d)
		}
	}
	err = r.run(ctx, ledgers, refused)
	report.Counts = r.Counts
	return report, err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// run replays a file of ledgers, and judges after each ledger what was refused there. Refusals of ledgers that are not in the file
// count as different.
func (r *Replay) run(ctx context.Context, path string, refused map[uint32][]Refusal) error {
	f, err := open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	seq := uint32(r.state.Header().LedgerSeq)
	judge := func() {
		for _, x := range refused[seq] {
			r.Refuse(x)
		}
		delete(refused, seq)
	}
	judge()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		lcm, err := ReadFrame(f)
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = r.Ledger(lcm)
		}
		if err != nil {
			return fmt.Errorf("%s: after ledger %d: %w", path, seq, err)
		}
		seq = lcm.LedgerSequence()
		judge()
	}
	for _, left := range refused {
		for _, x := range left {
			r.Refusals.note(false)
			r.differ(x.Ledger, "refusal", errors.New("after this ledger"), errors.New("the recording has no such ledger"))
		}
	}
	return nil
}

// recording is an open file, unzipped when it is zipped.
type recording struct {
	io.Reader
	file *os.File
}

func (r recording) Close() error { return r.file.Close() }

func open(path string) (*recording, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	in := bufio.NewReaderSize(f, 1<<16)
	if head, err := in.Peek(2); err != nil || head[0] != 0x1f || head[1] != 0x8b {
		return &recording{in, f}, nil // an empty file is an empty recording
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("verify: %s: %w", path, err), f.Close())
	}
	return &recording{z, f}, nil
}

// ReadFrame reads one ledger; io.EOF at the end of the recording, io.ErrUnexpectedEOF inside a frame.
func ReadFrame(from io.Reader) (lcm xdr.LedgerCloseMeta, err error) {
	var whole bytes.Buffer
	for last := false; !last; {
		var mark [4]byte
		if _, err := io.ReadFull(from, mark[:]); err != nil {
			if errors.Is(err, io.EOF) && whole.Len() > 0 {
				err = io.ErrUnexpectedEOF
			}
			return lcm, err
		}
		n := binary.BigEndian.Uint32(mark[:])
		last = n&(1<<31) != 0
		n &^= 1 << 31
		if int64(whole.Len())+int64(n) > maxFrame || n == 0 {
			return lcm, fmt.Errorf("verify: a frame of %d bytes", n)
		}
		if _, err := io.CopyN(&whole, from, int64(n)); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return lcm, err
		}
	}
	if err := xdr.SafeUnmarshal(whole.Bytes(), &lcm); err != nil {
		return lcm, fmt.Errorf("verify: a frame that is no ledger: %v", err)
	}
	return lcm, nil
}
