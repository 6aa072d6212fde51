import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from './support/node.ts'

const folder = temporaryFolder()
const bundle = join(folder.path, 'agent.cjs')
beforeAll(() => {
  buildSync({
    entryPoints: ['src/agent/main.ts'],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: ['cpu-features', '*.node'],
    logLevel: 'silent',
  })
})
afterAll(() => folder.remove())

const agent = (...args: string[]) => spawnSync(process.execPath, [bundle, ...args], { encoding: 'utf8' })
const withConfig = (text: string) => {
  const path = join(folder.path, 'config.json')
  writeFileSync(path, text)
  return agent('--config', path)
}

describe('the agent exits with 2 and one line that says what is wrong', () => {
  it.each([
    ['no configuration', () => agent(), '--config is missing'],
    ['an unknown argument', () => agent('--nope'), 'unknown argument "--nope"'],
    ['a relay at no port', () => agent('--relay', '10.0.0.1:65536'), '--relay wants a port'],
    ['a relay at no address', () => agent('--relay', '10.0.0.256:6443'), '--relay wants a port'],
    ['a file that does not exist', () => agent('--config', '/none.json'), '/none.json: ENOENT'],
    ['broken JSON', () => withConfig('{'), 'config.json: '],
    ['a bad node name', () => withConfig('{"nodeName":"UPPER"}'), 'nodeName'],
    ['a server that is not https', () => withConfig('{"nodeName":"a","servers":["http://x"]}'), 'servers'],
  ])('for %s', (_what, run, message) => {
    const { status, stderr } = run()
    expect(status).toBe(2)
    expect(stderr).toContain(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })
})
