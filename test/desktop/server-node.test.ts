// Which Node `npm start` serves with where it opens no window.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const { serverNode } = (await import(new URL('../../scripts/lib/server-node.mjs', import.meta.url).href)) as {
  serverNode: (parts: Readonly<Record<string, string>>) => string
}

let base: string
let parts: { program: string; version: string; platform: string; runtime: string; folder: string }

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'flotilla-server-node-'))
  const runtime = join(base, 'runtime')
  parts = { program: '/own/node', version: '20.18.0', platform: 'linux', runtime, folder: join(base, 'unpacked') }
})
afterEach(() => rmSync(base, { recursive: true }))

/** Lays a runtime down as the build does. */
function shipRuntime(script: string, sha256 = createHash('sha256').update(script).digest('hex')): void {
  mkdirSync(parts.runtime, { recursive: true })
  writeFileSync(join(base, 'node'), script)
  execFileSync('tar', ['-czf', join(parts.runtime, 'node.tar.gz'), '-C', base, 'node'])
  writeFileSync(join(parts.runtime, 'runtime.json'), JSON.stringify({ sha256 }))
}

describe('the Node that serves', () => {
  it('is the running one where that is new enough, or the system is not Linux', () => {
    shipRuntime('#!/bin/sh\n')
    expect(serverNode({ ...parts, version: '22.1.0' })).toBe('/own/node')
    expect(serverNode({ ...parts, platform: 'darwin' })).toBe('/own/node')
  })

  it('is the one that is built in for hosts where the running one is older, unpacked once', () => {
    shipRuntime('#!/bin/sh\necho first\n')
    const node = serverNode(parts)
    expect(execFileSync(node, { encoding: 'utf8' })).toBe('first\n')
    const { ino } = statSync(node)
    expect(statSync(serverNode(parts)).ino).toBe(ino)
  })

  it('has one path, whatever its version', () => {
    shipRuntime('#!/bin/sh\necho first\n')
    const node = serverNode(parts)
    shipRuntime('#!/bin/sh\necho second\n')
    expect(serverNode(parts)).toBe(node)
    expect(execFileSync(node, { encoding: 'utf8' })).toBe('second\n')
  })

  it.each([
    ['is not there', () => undefined],
    ['is not what the build made', () => shipRuntime('#!/bin/sh\n', 'another')],
    ['cannot run here', () => shipRuntime('#!/bin/sh\nexit 127\n')],
  ])('is the running one where the other %s', (_why, ship) => {
    ship()
    expect(serverNode(parts)).toBe('/own/node')
  })

  it('is not replaced by a damaged one', () => {
    shipRuntime('#!/bin/sh\necho first\n')
    const node = serverNode(parts)
    shipRuntime('#!/bin/sh\necho second\n', 'another')
    expect(serverNode(parts)).toBe('/own/node')
    expect(readFileSync(node, 'utf8')).toContain('first')
  })
})
