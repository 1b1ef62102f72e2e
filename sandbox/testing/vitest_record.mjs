// A vitest reporter of ours: counts the tests by how they ended, and names the errors that belong to none of them.
// It runs in vitest's own process, not in the workers where the code under judgment runs. onFinished is called by
// vitest 1 to 3, onTestRunEnd by 3 and later: whichever comes first says it.
import { appendFileSync } from 'node:fs'

const record = process.env.PENNYFIX_RECORD
delete process.env.PENNYFIX_RECORD
delete process.env.PENNYFIX_VITEST_REPORTER
delete process.env.PENNYFIX_NODE_REPORTER
delete process.env.PENNYFIX_MOCHA_RECORD

const leaves = (tasks) => tasks.flatMap((t) => (t.tasks ? leaves(t.tasks) : [t.result?.state ?? t.mode]))

let written = false

function write(states, errors) {
  if (!record || written) return
  written = true
  const count = (state) => states.filter((s) => s === state || s === state + 'ed').length
  const names = [...new Set(errors.map((e) => String(e?.name ?? 'Error')))].sort()
  appendFileSync(record, JSON.stringify({ passed: count('pass'), failed: count('fail'), errors: names }) + '\n')
}

export default class Record {
  onFinished(files = [], errors = []) {
    write(leaves(files), errors)
  }

  onTestRunEnd(modules, errors) {
    write(modules.flatMap((m) => [...m.children.allTests()].map((t) => t.result()?.state ?? 'skipped')), errors)
  }
}
