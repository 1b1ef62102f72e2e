// A reporter of ours for node:test: JUnit XML that names each test's file, which node's own (before 24) does not, and
// holds no character that XML forbids. A suite that fails without a failing test, as by its `after`, is a failure too.
// https://nodejs.org/api/test.html#class-testsstream
import { appendFileSync } from 'node:fs'

const record = process.env.PENNYFIX_RECORD
for (const name of ['RECORD', 'VITEST_REPORTER', 'NODE_REPORTER', 'MOCHA_RECORD']) delete process.env['PENNYFIX_' + name]

const legal = (text) => String(text).replace(/[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, (c) => '#x' + c.codePointAt(0).toString(16).toUpperCase().padStart(2, '0'))
const escaped = (text) => legal(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;').replace(/\n/g, '&#10;')

function outcome(event) {
  const { details, skip, todo } = event.data
  if (skip !== undefined || todo !== undefined) return '<skipped/>'
  if (event.type === 'test:pass') return ''
  const error = details?.error
  const text = error?.cause?.stack ?? error?.cause ?? error?.stack ?? error ?? 'failed'
  return `<failure message="${escaped(error?.message ?? '')}">${escaped(typeof text === 'string' ? text : JSON.stringify(text))}</failure>`
}

const chains = new Map() // file → the names of the tests that are open, outermost first
const parents = new Set() // the chains that hold further tests

export default async function* report(source) {
  let late = 0
  yield '<?xml version="1.0" encoding="utf-8"?>\n<testsuites>\n'
  for await (const event of source) {
    const { name, nesting = 0, file = '', details } = event.data ?? {}
    const above = (chains.get(file) ?? []).slice(0, nesting)
    const key = JSON.stringify([file, ...above, name])
    if (event.type === 'test:start') {
      chains.set(file, [...above, name])
      if (nesting) parents.add(JSON.stringify([file, ...above]))
    } else if (event.type === 'test:diagnostic' && /asynchronous activity after the test ended/.test(event.data.message)) {
      late += 1
    } else if (event.type === 'test:pass' || event.type === 'test:fail') {
      const holder = details?.type === 'suite' || parents.has(key)
      if (holder && (event.type === 'test:pass' || details?.error?.failureType === 'subtestsFailed')) continue
      const open = above.map((n) => `<testsuite name="${escaped(n)}">`).join('')
      const close = '</testsuite>'.repeat(above.length)
      const seconds = (details?.duration_ms ?? 0) / 1000
      yield `${open}<testcase name="${escaped(name)}" classname="test" file="${escaped(file)}" time="${seconds}">${outcome(event)}</testcase>${close}\n`
    }
  }
  if (record) appendFileSync(record, JSON.stringify({ late }) + '\n')
  yield '</testsuites>\n'
}
