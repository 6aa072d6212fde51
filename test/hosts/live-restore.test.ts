// What becomes of a daemon.json that somebody wrote.
import { expect, test } from 'vitest'
import { withLiveRestore } from '../../src/main/provisioning/steps/live-restore.ts'

test.each([
  ['no file', '', '{\n  "live-restore": true\n}\n'],
  ['an empty one', '{}', '{\n  "live-restore": true\n}\n'],
  ['one that is indented by tabs', '{\n\t"debug": true\n}', '{\n\t"debug": true,\n\t"live-restore": true\n}\n'],
])('%s gets one key, and keeps its form', (_what, before, after) => {
  expect(withLiveRestore(before)).toBe(after)
})
test.each([
  ['somebody said no', '{ "live-restore": false }'],
  ['it is set', '{ "live-restore": true }'],
  ['it is no JSON', '{ "debug": true, }'],
  ['it is no object', '[]'],
])('it stays as it is where %s', (_what, before) => {
  expect(withLiveRestore(before)).toBeUndefined()
})
