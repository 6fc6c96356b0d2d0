// Command word-count-go counts the words of text files, as plugins/word-count does in Rust.
package main

import (
	"math"
	"strconv"
	"strings"
	"unicode"

	wasmill "github.com/wasmill/wasmill/guest-sdk/go"
)

func init() { wasmill.Export("word-count-go", wordCount) }

func main() {}

// WordCount is a word and how often it came.
type WordCount struct {
	Word  string
	Count int64
}

func wordCount(env *wasmill.Env) error {
	path := env.Param("path").Describe("files, directory or pattern to read").String()
	out := env.Param("out").Describe("directory to write counts to, else print").StringOr("")
	lines := wasmill.Source[string](env, wasmill.TextFiles(path))
	words := wasmill.FlatMap(lines, func(line string, out wasmill.Collector[string]) {
		for _, word := range strings.FieldsFunc(line, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }) {
			out.Emit(strings.ToLower(word))
		}
	})
	byWord := wasmill.KeyBy(words, func(word string) string { return word })
	counts := wasmill.Process(byWord, newCountWords)
	texts := wasmill.Map(counts, func(c WordCount) string { return c.Word + " " + strconv.FormatInt(c.Count, 10) })
	if out == "" {
		texts.Sink(wasmill.Print())
	} else {
		texts.Sink(wasmill.TextFiles(out))
	}
	return nil
}

// countWords counts each word and tells the count when there is no more input.
type countWords struct {
	seen *wasmill.ValueState[int64]
}

func newCountWords(ctx *wasmill.OpenContext) wasmill.KeyedProcessFunction[string, string, WordCount] {
	return &countWords{seen: wasmill.NewValueState[int64](ctx, "seen")}
}

func (c *countWords) ProcessElement(ctx *wasmill.KeyedContext[string], _ string, _ wasmill.Collector[WordCount]) error {
	count, _ := c.seen.Get()
	c.seen.Set(count + 1)
	if count == 0 {
		ctx.RegisterEventTimer(math.MaxInt64)
	}
	return nil
}

func (c *countWords) OnTimer(ctx *wasmill.KeyedContext[string], _ wasmill.Domain, out wasmill.Collector[WordCount]) error {
	count, _ := c.seen.Get()
	out.Emit(WordCount{ctx.Key(), count})
	return nil
}
