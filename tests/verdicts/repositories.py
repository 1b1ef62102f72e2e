"""The small repositories, one for each runner: a till whose `total` forgets the first price."""

from __future__ import annotations

import json

from tests.verdicts.case import Repository

ISSUE = ("total() forgets the first price", "`total([1, 2])` gives 2, it should be 3.")

PY = """\
\"\"\"What a till says.\"\"\"


def total(prices):
    return sum(prices[1:])


def label(n):
    return f"{n} items"
"""
PY_FIX = {"till.py": PY.replace("prices[1:]", "prices")}
PYTEST = Repository(
    "till-pytest",
    "pytest",
    {
        "till.py": PY,
        "conftest.py": "",
        "tests/test_till.py": """\
from till import label, total


def test_label():
    assert label(2) == "2 items"


def test_total_of_none():
    assert total([]) == 0


def test_total_is_a_number():
    assert isinstance(total([4, 5]), int)
""",
    },
    PY_FIX,
    "```python\nfrom till import total\n\n\ndef test_first_price_counts():\n    assert total([1, 2]) == 3\n```",
    ISSUE,
)

UNITTEST = Repository(
    "till-unittest",
    "unittest",
    {
        "till.py": PY,
        "tests/__init__.py": "",
        "tests/test_till.py": """\
import unittest

from till import label, total


class TillTest(unittest.TestCase):
    def test_label(self):
        self.assertEqual(label(2), "2 items")

    def test_total_of_none(self):
        self.assertEqual(total([]), 0)

    def test_total_is_a_number(self):
        self.assertIsInstance(total([4, 5]), int)


if __name__ == "__main__":
    unittest.main()
""",
    },
    PY_FIX,
    """```python
import unittest

from till import total


class FirstPriceTest(unittest.TestCase):
    def test_first_price_counts(self):
        self.assertEqual(total([1, 2]), 3)
```""",
    ISSUE,
)

JS = """\
export function total(prices) {
  return prices.slice(1).reduce((sum, price) => sum + price, 0)
}

export function label(n) {
  return `${n} items`
}
"""
CJS = JS.replace("export function", "function") + "\nmodule.exports = { total, label }\n"
JS_FIX = {"till.js": JS.replace(".slice(1)", "")}
CJS_FIX = {"till.js": CJS.replace(".slice(1)", "")}


def package(script: str, *, module: bool = False, **more: object) -> str:
    """A package.json with this `test` script; `more` are further keys, such as devDependencies."""
    kind = {"type": "module"} if module else {}
    return json.dumps({"name": "till", "version": "1.0.0", **kind, "scripts": {"test": script}, **more}, indent=2)


NODE = Repository(
    "till-node",
    "node",
    {
        "package.json": package("node --test test/", module=True),
        "till.js": JS,
        "test/till.test.js": """\
import assert from 'node:assert'
import test from 'node:test'
import { label, total } from '../till.js'

test('label', () => assert.equal(label(2), '2 items'))
test('total of none', () => assert.equal(total([]), 0))
test('total is a number', () => assert.equal(typeof total([4, 5]), 'number'))
""",
    },
    JS_FIX,
    """```js
import assert from 'node:assert'
import test from 'node:test'
import { total } from '../till.js'

test('the first price counts', () => assert.equal(total([1, 2]), 3))
```""",
    ISSUE,
)

JEST = Repository(
    "till-jest",
    "jest",
    {
        "package.json": package("jest", devDependencies={"jest": "29.7.0"}),
        "till.js": CJS,
        "test/till.test.js": """\
const { label, total } = require('../till')

test('label', () => expect(label(2)).toBe('2 items'))
test('total of none', () => expect(total([])).toBe(0))
test('total is a number', () => expect(typeof total([4, 5])).toBe('number'))
""",
    },
    CJS_FIX,
    """```js
const { total } = require('../till')

test('the first price counts', () => expect(total([1, 2])).toBe(3))
```""",
    ISSUE,
)

VITEST = Repository(
    "till-vitest",
    "vitest",
    {
        "package.json": package("vitest run", module=True, devDependencies={"vitest": "2.1.9"}),
        "till.js": JS,
        "test/till.test.js": """\
import { expect, test } from 'vitest'
import { label, total } from '../till.js'

test('label', () => expect(label(2)).toBe('2 items'))
test('total of none', () => expect(total([])).toBe(0))
test('total is a number', () => expect(typeof total([4, 5])).toBe('number'))
""",
    },
    JS_FIX,
    """```js
import { expect, test } from 'vitest'
import { total } from '../till.js'

test('the first price counts', () => expect(total([1, 2])).toBe(3))
```""",
    ISSUE,
)

MOCHA = Repository(
    "till-mocha",
    "mocha",
    {
        "package.json": package("mocha", devDependencies={"mocha": "10.8.2"}),
        "till.js": CJS,
        "test/till.test.js": """\
const assert = require('node:assert')
const { label, total } = require('../till')

describe('till', () => {
  it('labels', () => assert.equal(label(2), '2 items'))
  it('totals none', () => assert.equal(total([]), 0))
  it('totals a number', () => assert.equal(typeof total([4, 5]), 'number'))
})
""",
    },
    CJS_FIX,
    """```js
const assert = require('node:assert')
const { total } = require('../till')

describe('the first price', () => {
  it('counts', () => assert.equal(total([1, 2]), 3))
})
```""",
    ISSUE,
)

GO_CODE = """\
package till

import "fmt"

// Total is the sum of the prices.
func Total(prices []int) int {
	sum := 0
	for i, price := range prices {
		if i > 0 {
			sum += price
		}
	}
	return sum
}

// Label says how many.
func Label(n int) string {
	return fmt.Sprintf("%d items", n)
}
"""
GO_FIXED = GO_CODE.replace("for i, price", "for _, price").replace(
    "\t\tif i > 0 {\n\t\t\tsum += price\n\t\t}\n", "\t\tsum += price\n"
)
GO = Repository(
    "till-go",
    "go",
    {
        "go.mod": "module example.org/till\n\ngo 1.19\n",
        "till.go": GO_CODE,
        "till_test.go": """\
package till

import "testing"

func TestLabel(t *testing.T) {
	if Label(2) != "2 items" {
		t.Fatalf("label is %q", Label(2))
	}
}

func TestTotalOfNone(t *testing.T) {
	if Total(nil) != 0 {
		t.Fatalf("total is %d", Total(nil))
	}
}
""",
    },
    {"till.go": GO_FIXED},
    """```go
package till

import "testing"

func TestFirstPriceCounts(t *testing.T) {
	if Total([]int{1, 2}) != 3 {
		t.Fatalf("total is %d, it should be 3", Total([]int{1, 2}))
	}
}
```""",
    ("Total forgets the first price", "`Total([]int{1, 2})` gives 2, it should be 3."),
)

RUST = """\
//! What a till says.

pub fn total(prices: &[u32]) -> u32 {
    prices.iter().skip(1).sum()
}

pub fn label(n: u32) -> String {
    format!("{} items", n)
}
"""
CARGO_TOML = '[package]\nname = "till"\nversion = "1.0.0"\nedition = "2021"\n'
CARGO = Repository(
    "till-cargo",
    "cargo",
    {
        "Cargo.toml": CARGO_TOML,
        "src/lib.rs": RUST,
        "tests/till.rs": """\
use till::{label, total};

#[test]
fn labels() {
    assert_eq!(label(2), "2 items");
}

#[test]
fn totals_none() {
    assert_eq!(total(&[]), 0);
}
""",
    },
    {"src/lib.rs": RUST.replace(".skip(1)", "")},
    """```rust
use till::total;

#[test]
fn the_first_price_counts() {
    assert_eq!(total(&[1, 2]), 3);
}
```""",
    ("total forgets the first price", "`total(&[1, 2])` gives 2, it should be 3."),
)
