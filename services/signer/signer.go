package signer

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/restante/restante/crypto/durable"
	"github.com/restante/restante/crypto/field"
	"github.com/restante/restante/crypto/secret"
	"github.com/restante/restante/relay"
	"github.com/restante/restante/relay/desk"
	"github.com/restante/restante/relay/mint"
)

// Signer is a [desk.Signer]. Its methods may be called by several goroutines. What they decide and write, they do one after
// the other, each on what the one before wrote; they wait for the ledger side by side.
type Signer struct {
	cfg     Config
	network string
	turn    chan struct{} // holds one token: its holder may read and change everything below
	lock    *os.File
	log     *chain
	book    *book
	keys    *Keyring
	print   string // of the key-encryption key
	closed  bool

	settling  chan struct{} // holds one token: its holder settles costs, and may change settledAt
	settledAt map[relay.AppID]uint32
}

var _ desk.Signer = (*Signer)(nil)

// ErrLocked says that another process has the directory open.
var ErrLocked = errors.New("another signer holds it")

// Open reads the log, opens the keys, makes those that are missing, and is ready to sign. It refuses what the package
// comment says. The caller closes the signer.
func Open(_ context.Context, cfg Config) (*Signer, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Signer{cfg: cfg, network: mint.NetworkID(cfg.Passphrase), turn: make(chan struct{}, 1), book: newBook(),
		settling: make(chan struct{}, 1), settledAt: map[relay.AppID]uint32{}}
	if err := s.start(); err != nil {
		return nil, fmt.Errorf("signer: %w", errors.Join(err, s.release()))
	}
	s.turn <- struct{}{}
	return s, nil
}

// start opens everything in an order in which nothing is made beside something that is missing: lock, key-encryption key,
// log, keys.
func (s *Signer) start() (err error) {
	if s.cfg.Known.Exists {
		if err := s.mustExist(); err != nil {
			return err
		}
	}
	if err := makeDirs(s.cfg.keyDir()); err != nil {
		return err
	}
	if err := durable.SyncDir(s.cfg.Dir); err != nil {
		return err
	}
	if s.lock, err = lockDir(filepath.Join(s.cfg.home(), "lock")); err != nil {
		return err
	}
	kek, err := s.kek()
	if err != nil {
		return err
	}
	s.keys = newKeyring(s.cfg.keyDir(), kek)
	if err := s.openLog(kek); err != nil {
		return err
	}
	return s.openKeys()
}

// mustExist wants everything to be there that a signer has which was opened before.
func (s *Signer) mustExist() error {
	kek := s.cfg.KEKFile
	if kek == "" {
		kek = s.cfg.ownKEK()
	}
	for _, part := range [][2]string{{"directory", s.cfg.home()}, {"key-encryption key", kek}, {"directory of keys", s.cfg.keyDir()}, {"log", s.cfg.logPath()}} {
		if _, err := os.Stat(part[1]); err != nil {
			return fmt.Errorf("the signer's %s is missing, and there was one: put it back from a backup; nothing was made in its place: %w", part[0], err)
		}
	}
	return nil
}

// kek is the key-encryption key. A new signer makes its own, unless a file was named.
func (s *Signer) kek() (kek secret.Key, err error) {
	path := s.cfg.KEKFile
	if path == "" {
		path = s.cfg.ownKEK()
		if !s.inUse() {
			kek, err = field.CreateRoot(path)
		}
	}
	if kek.IsZero() && err == nil {
		kek, err = field.LoadRoot(path)
	}
	if err != nil {
		return kek, fmt.Errorf("key-encryption key %s: %w", path, err)
	}
	if s.print, err = field.Fingerprint(kek); err != nil {
		return kek, err
	}
	if known := s.cfg.Known.KEK; known != "" && known != s.print {
		return kek, fmt.Errorf("key-encryption key %s is another: its fingerprint is %s, known is %s", path, s.print, known)
	}
	return kek, nil
}

// inUse says that there is a key, or a log with more than its first line, which older programs wrote before any key.
func (s *Signer) inUse() bool {
	keys, err := filepath.Glob(filepath.Join(s.cfg.keyDir(), "*.json"))
	if err != nil || len(keys) > 0 || s.cfg.Known.Exists {
		return true
	}
	f, err := os.Open(s.cfg.logPath())
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	defer f.Close()
	start := make([]byte, 4096) // a first line is shorter
	n, err := io.ReadFull(f, start)
	first := bytes.IndexByte(start[:n], '\n')
	return err == nil || first >= 0 && first < n-1
}

// openLog reads the log and begins it when this is the first start. Keys without a log mean that the log was lost, and
// with it the knowledge of what was funded.
func (s *Signer) openLog(kek secret.Key) error {
	key, err := logKey(kek)
	if err != nil {
		return err
	}
	log, cut, err := openChain(s.cfg.logPath(), s.cfg.OpenLog, s.cfg.Now, key, s.cfg.Known.Log, s.book.apply)
	if err != nil {
		return err
	}
	s.log = log
	if cut > 0 {
		s.cfg.Log.Warn("signer: cut an unfinished line off the log", "bytes", cut, "lines", log.n)
	}
	if log.n == 0 {
		keys, err := filepath.Glob(filepath.Join(s.cfg.keyDir(), "*.json"))
		if err != nil || len(keys) > 0 || s.cfg.Known.Exists {
			return errors.Join(err, fmt.Errorf("the log %s is missing or empty, but keys were made: it was lost", s.cfg.logPath()))
		}
		return s.write(beginKind, beginLine{V: logVersion, Network: s.network, Proofs: true})
	}
	if s.book.network != s.network {
		return errors.New("the log belongs to another network")
	}
	return nil
}

// openKeys loads every key that the log knows and makes sponsor and channels when there are too few. A sealed file that
// the log does not know is left from a crash between file and line: no caller was told its account.
func (s *Signer) openKeys() error {
	for account, role := range s.book.roles {
		if err := s.keys.Load(role, account, s.book.keyed[account]); err != nil {
			return err
		}
	}
	if s.book.sponsor == "" {
		if _, err := s.makeKey(sponsorRole, 0); err != nil {
			return err
		}
	}
	for len(s.book.channels) < s.cfg.Channels {
		if _, err := s.makeKey(channelRole, 0); err != nil {
			return err
		}
	}
	return nil
}

func (s *Signer) Log(ctx context.Context, known relay.LogMark) (relay.LogMark, error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return relay.LogMark{}, err
	}
	defer leave()
	if err := s.log.intact(); err != nil {
		return relay.LogMark{}, err
	}
	return s.log.mark(), s.log.holds(known)
}

// Fingerprints are what the signer is known by for good, and whether it has signed anything, or made an app's treasury. Those
// of channels that are made later join them.
func (s *Signer) Fingerprints(ctx context.Context) (all []desk.Fingerprint, used bool, err error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return nil, false, err
	}
	defer leave()
	all = []desk.Fingerprint{{What: "network", Value: s.network}, {What: "signer_kek", Value: s.print},
		{What: "signer_log", Value: hex.EncodeToString(s.log.sums[0][:])}, {What: "sponsor", Value: s.book.sponsor}}
	for _, c := range s.book.channels {
		all = append(all, desk.Fingerprint{What: "channel:" + c, Value: c})
	}
	return all, len(s.book.treasuries) > 0 || len(s.book.envelopes) > 0, nil
}

// makeKey makes a key: first its sealed file, then its line. Only then may the account be named to a caller.
func (s *Signer) makeKey(role string, day int64) (account string, err error) {
	if err := s.log.intact(); err != nil {
		return "", err
	}
	if account, err = s.keys.Make(role); err != nil {
		return "", unavailable("key_failed", err)
	}
	if err := s.write(keyKind, keyLine{Role: role, Account: account, Day: day}); err != nil {
		if errors.Is(err, errLogFull) { // its line is not there, for certain: files must not gather on a full disk
			err = errors.Join(err, s.keys.drop(account))
		}
		return "", err
	}
	return account, nil
}

// write puts a line on disk and then into the book.
func (s *Signer) write(kind string, body any) error {
	e, err := s.log.append(kind, body)
	if err != nil {
		return err
	}
	if err := s.book.apply(e); err != nil {
		// The log now has a line that the next start would refuse; it must not grow.
		return s.log.fail(fmt.Errorf("line %d: %w", e.N, err))
	}
	return nil
}

// enter waits for the caller's turn.
func (s *Signer) enter(ctx context.Context) (leave func(), err error) {
	select {
	case <-s.turn:
	case <-ctx.Done():
		return nil, unavailable("canceled", ctx.Err())
	}
	leave = func() { s.turn <- struct{}{} }
	if s.closed {
		leave()
		return nil, unavailable("closed", errors.New("the signer is closed"))
	}
	return leave, nil
}

// Run returns nil when ctx ends, and an error as soon as the log has failed: the process has to end then, because nothing
// is signed any more, and only a new start learns what the disk has.
func (s *Signer) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-s.log.ended:
		return fmt.Errorf("the signer's log %s: %w", s.log.path, s.log.failed)
	}
}

// Close waits for the call that is running, forgets the keys and lets go of the directory.
func (s *Signer) Close() error {
	<-s.turn
	defer func() { s.turn <- struct{}{} }()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.release()
}

func (s *Signer) release() (err error) {
	if s.keys != nil {
		s.keys.Wipe()
	}
	if s.log != nil {
		s.log.key.Wipe()
		err = s.log.file.Close()
	}
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}

// Accounts are the sponsor and the channels, in the order in which they were made.
func (s *Signer) Accounts(ctx context.Context) (sponsor string, channels []string, err error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return "", nil, err
	}
	defer leave()
	return s.book.sponsor, slices.Clone(s.book.channels), nil
}

var appID = regexp.MustCompile(`^app_[a-z0-9_]{1,60}$`)

// Treasury is the app's account. The first call makes it; making it is in the log before any caller hears of it. Each is a key, and
// a budget: on one day only so many are made, and more is the fault "too_many_apps" (Exhausted).
func (s *Signer) Treasury(ctx context.Context, app relay.AppID) (account string, err error) {
	if !appID.MatchString(string(app)) {
		return "", relay.NewFault(relay.Invalid, "app_malformed", "This is no app's id.", nil)
	}
	err = s.decide(ctx, func(t *told) (err error) { account, err = s.treasury(t, app); return err })
	return account, err
}

func (s *Signer) treasury(t *told, app relay.AppID) (string, error) {
	if account, ok := s.book.treasuries[app]; ok {
		return account, nil
	}
	day, err := s.today(t)
	if err != nil {
		return "", err
	}
	if s.book.made[day] >= s.cfg.Policy.Treasuries {
		return "", &relay.Fault{Kind: relay.Exhausted, Code: "too_many_apps", RetryAt: relay.Seconds((day + 1) * 86400),
			Public: fmt.Sprintf("%d apps were made today, and no more are on one day. It goes on at midnight UTC, by the ledger's clock.", s.cfg.Policy.Treasuries)}
	}
	return s.makeKey(treasuryRole+string(app), day)
}
