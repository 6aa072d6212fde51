// What the agent says about a host before it changes anything on it.
import { describe, expect, it } from 'vitest'
import { type Run, run, ToolError } from '../../src/agent/network/exec.ts'
import { preflight } from '../../src/agent/network/preflight.ts'

/** The real tools, but for those that this host is to lack. */
const without =
  (...missing: string[]): Run =>
  (argv, options) =>
    missing.includes(argv[0]) ? Promise.reject(new ToolError(argv, undefined, 'ENOENT')) : run(argv, options)

describe('preflight()', () => {
  it('finds nothing wrong with a host that has everything, whose kernel takes our rules', async () => {
    expect(await preflight()).toEqual([])
  })

  it('names what is missing, what it is for and the package that brings it', async () => {
    const problems = await preflight(without('nft', 'conntrack'))
    expect(problems.map(({ id, fatal }) => [id, fatal])).toEqual([
      ['tool/nft', true],
      ['tool/conntrack', false],
    ])
    expect(problems[0]!.message).toBe('nft is missing: it is needed for Services. Install the package nftables.')
  })

  it('tells when nft refuses the rules', async () => {
    const old: Run = (argv, options) =>
      argv.includes('--check') ? Promise.reject(new ToolError(argv, 1, 'syntax error')) : run(argv, options)
    expect(await preflight(old)).toMatchObject([{ id: 'kernel/nftables', fatal: true }])
  })
})

describe('run()', () => {
  it('passes arguments as they are, whatever a shell would make of them', async () => {
    expect(await run(['printf', '%s', '$(id); `id` "\'\n'])).toBe('$(id); `id` "\'\n')
  })

  it('says which command failed, how, and what it printed', async () => {
    await expect(run(['sh', '-c', 'echo no >&2; exit 3'])).rejects.toMatchObject({ exitCode: 3, stderr: 'no\n' })
    await expect(run(['flotilla-no-such-tool'])).rejects.toMatchObject({ name: 'ToolError', exitCode: undefined })
  })

  it('ends a tool that hangs', async () => {
    await expect(run(['sleep', '60'], { timeoutMs: 50 })).rejects.toBeInstanceOf(ToolError)
  })
})
