package mnemonic

import (
	"bytes"
	"slices"
	"strings"
	"unicode"

	"github.com/tyler-smith/go-bip39/wordlists"
	"golang.org/x/text/unicode/norm"
)

// listed finds the words of a text as people write them down: what separates them, numbers them or stands around them is
// dropped, and so are lines that begin with "#" and are not numbered by it.
func listed(text []byte) [][]byte {
	var words [][]byte
	for line := range bytes.Lines(text) {
		note, is := bytes.CutPrefix(bytes.TrimSpace(line), []byte("#"))
		if is && !bytes.ContainsAny(note[:min(1, len(note))], "0123456789") {
			continue
		}
		words = append(words, bytes.FieldsFunc(line, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })...)
	}
	return words
}

// prefix is how many letters of an English word tell it from all others (BIP-39, "Wordlist").
const prefix = 4

// inEnglish is the word of the English list that is meant, "" when there is none.
func inEnglish(word []byte) string {
	i, found := slices.BinarySearch(wordlists.English, string(word))
	if found || len(word) == prefix && i < len(wordlists.English) && strings.HasPrefix(wordlists.English[i], string(word)) {
		return wordlists.English[i]
	}
	return ""
}

// language names another list of BIP-39 that has every one of the words, "" when none does.
func language(words [][]byte) string {
	for _, l := range []struct {
		name  string
		words []string
	}{
		{"Spanish", wordlists.Spanish}, {"French", wordlists.French}, {"Italian", wordlists.Italian}, {"Czech", wordlists.Czech},
		{"Japanese", wordlists.Japanese}, {"Korean", wordlists.Korean},
		{"Chinese", wordlists.ChineseSimplified}, {"Chinese", wordlists.ChineseTraditional},
	} {
		known := make(map[string]bool, len(l.words))
		for _, w := range l.words {
			known[norm.NFKD.String(w)] = true
		}
		if !slices.ContainsFunc(words, func(w []byte) bool { return !known[string(w)] }) {
			return l.name
		}
	}
	return ""
}
