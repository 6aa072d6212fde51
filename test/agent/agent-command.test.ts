// The command line that gives an agent to a user without root.
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { agentAsContainer } from '../../src/main/local-node/agent-command.ts'
import { agentBundle } from '../../src/main/local-node/built-programs.ts'
import { agentContainerName } from '../../src/main/local-node/contained-agent.ts'

const compose = () =>
  agentAsContainer({
    program: { node: process.execPath, bundle: agentBundle(), env: { ELECTRON_RUN_AS_NODE: '1' } },
    agentArgs: ['--config', '/data/with blank/$(id).json'],
    dockerSocket: '/run/my-docker.sock',
    image: 'empty:1',
    name: 'flotilla-agent-1',
    labels: { 'dev.flotilla.agent': 'node' },
  })
const valuesOf = (args: readonly string[], option: string) => args.filter((_, i) => args[i - 1] === option)

describe('agentAsContainer()', () => {
  it('asks for single capabilities and never for all of them', () => {
    const { args } = compose()
    expect(args).not.toContain('--privileged')
    expect(valuesOf(args, '--cap-drop')).toEqual(['ALL'])
    expect(valuesOf(args, '--cap-add').sort()).toEqual(
      ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'NET_ADMIN', 'NET_BIND_SERVICE', 'NET_RAW', 'SYS_ADMIN',
        'SYS_CHROOT', 'SYS_PTRACE'], // prettier-ignore
    )
  })

  it('mounts host folders to be read only', () => {
    const mounts = valuesOf(compose().args, '--volume')
    expect(mounts.length).toBeGreaterThan(0)
    for (const mount of mounts) expect(mount).toMatch(/^(\/[a-z0-9]+):\1:ro$/)
  })

  it('speaks to the socket that was found, whatever context the user has chosen', () => {
    expect(valuesOf(compose().args, '--host')).toEqual(['unix:///run/my-docker.sock'])
  })

  it('ends with this very Node, entered into the mounts of this process, and passes arguments as they are', () => {
    const { args } = compose()
    expect(args.slice(args.indexOf('empty:1') + 1)).toEqual([
      '-t', String(process.pid), '-m', process.execPath, agentBundle(), '--config', '/data/with blank/$(id).json',
    ]) // prettier-ignore
  })

  it('keeps standard input open, by which the agent sees that its control plane ended, and no second log', () => {
    const { args } = compose()
    expect(args).toContain('--interactive')
    expect(args).toContain('--rm')
    expect(valuesOf(args, '--log-driver')).toEqual(['none'])
  })
})

describe('agentContainerName()', () => {
  it('is the same for every way to write a data folder, and another for another folder', () => {
    const folder = mkdtempSync(join(tmpdir(), 'flotilla-name-'))
    try {
      const link = join(folder, 'link')
      symlinkSync(folder, link)
      expect(agentContainerName(link)).toBe(agentContainerName(folder))
      expect(agentContainerName(tmpdir())).not.toBe(agentContainerName(folder))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
