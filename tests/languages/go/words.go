package main

import (
	"math"

	wasmill "github.com/wasmill/wasmill/guest-sdk/go"
)

// Calls each with the words of a line: runs of ASCII letters and digits, in lower case.
func eachWord(line string, each func(string)) {
	lower := []byte(line)
	start := -1
	for i, letter := range lower {
		switch {
		case letter >= 'A' && letter <= 'Z':
			lower[i] = letter + 'a' - 'A'
		case letter < '0' || letter > '9' && letter < 'a' || letter > 'z':
			if start >= 0 {
				each(string(lower[start:i]))
			}
			start = -1
			continue
		}
		if start < 0 {
			start = i
		}
	}
	if start >= 0 {
		each(string(lower[start:]))
	}
}

// wordCounter counts a word; it tells every count, or only the last one.
type wordCounter struct {
	count *wasmill.ValueState[int64]
	all   bool
}

func (c *wordCounter) ProcessElement(ctx *wasmill.KeyedContext[string], word string, out wasmill.Collector[WordCount]) error {
	count, _ := c.count.Get()
	count++
	c.count.Set(count)
	if c.all {
		out.Emit(WordCount{word, count})
	} else if count == 1 {
		ctx.RegisterEventTimer(math.MaxInt64)
	}
	return nil
}

func (c *wordCounter) OnTimer(ctx *wasmill.KeyedContext[string], _ wasmill.Domain, out wasmill.Collector[WordCount]) error {
	count, _ := c.count.Get()
	out.Emit(WordCount{ctx.Key(), count})
	return nil
}
