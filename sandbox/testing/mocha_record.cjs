// A module of ours that mocha loads before the tests: it counts the promises that were rejected and never caught. mocha
// takes the event away from Node, which would end the process by it, and passes.
// https://nodejs.org/api/process.html#event-unhandledrejection
const { appendFileSync } = require('node:fs')

const record = process.env.PENNYFIX_RECORD
for (const name of ['RECORD', 'VITEST_REPORTER', 'NODE_REPORTER', 'MOCHA_RECORD']) delete process.env['PENNYFIX_' + name]

const rejected = new Set()
if (record) {
  process.on('unhandledRejection', (reason, promise) => {
    const again = rejected.has(promise) // mocha hands the event on without its own listener
    rejected.add(promise)
    if (!again && process.listenerCount('unhandledRejection') === 1) throw reason // as Node would without us
  })
  process.on('rejectionHandled', (promise) => rejected.delete(promise))
  process.on('exit', () => appendFileSync(record, JSON.stringify({ unhandled: rejected.size }) + '\n'))
}
