// Variables out of files that another container of the pod left in an emptyDir.
// @see https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-via-file/
import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { valueInEnvFile } from '../../src/agent/kubelet/spec/env-file.ts'
import { type EnvironmentInput, environmentOf } from '../../src/agent/kubelet/spec/env.ts'
import { readInside } from '../../src/agent/kubelet/volumes/sub-path.ts'

describe('a line of the file', () => {
  it.each([
    ['is a name and a value in single quotes', "K='v'", 'v'],
    ['may come after blank lines, comments and others', "# K='no'\n\n  \nA='a'\n\tK='v'", 'v'],
    ['may be ended by a comment', "K='a # b' # c", 'a # b'],
    ['may have line ends, double quotes and equal signs in its value', `K='a="b"\n\n c\\n'`, 'a="b"\n\n c\\n'],
    ['means what it says: nothing in it is a variable', "K='$HOME ${A} $(date)'", '$HOME ${A} $(date)'],
    ['is empty where a blank follows the equal sign', "K= 'v'", ''],
    ['counts the first time', "K='1'\nK='2'", '1'],
    ['may end as on other systems', "A='a'\r\nK='v'\r\n", 'v'],
    ['is not there where it is another one', "KK='v'\nA='K'", undefined],
    ['is not looked at behind the one that counts', "K='v'\nnothing", 'v'],
  ])('%s', (_what, text, value) => expect(valueInEnvFile(text, 'K')).toBe(value))

  it.each([
    ['A=a', 'line 1: value must be enclosed in single quotes'],
    ['\nA="a"', 'line 2: value must be enclosed in single quotes'],
    ["A ='a'", "line 1: whitespace before '=' is not allowed"],
    ["='a'", 'line 1: empty variable name'],
    ['export A', "line 1: missing '='"],
    ["A='a''b'", 'line 1: unexpected content after closing quote'],
    ["\nA='a\nb\n", 'line 2: unclosed single quote'],
  ])('that is none (%j) is a mistake', (text, message) => expect(() => valueInEnvFile(text, 'K')).toThrow(message))
})

describe('a container', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'env-file-'))
    mkdirSync(join(folder, 'v/deep'), { recursive: true })
    writeFileSync(join(folder, 'v/deep/app.env'), "LEVEL='debug'\nEMPTY=''\n")
    writeFileSync(join(folder, 'v/broken.env'), 'password\n')
    writeFileSync(join(folder, 'secret'), "LEVEL='stolen'\n")
    symlinkSync('deep/app.env', join(folder, 'v/link'))
    symlinkSync('../secret', join(folder, 'v/out'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const valueOf = async (path: string, key = 'LEVEL', optional = false) => {
    const fileKeyRef = { volumeName: 'v', path, key, optional }
    const input = {
      pod: { metadata: { namespace: 'shop' }, spec: {} },
      container: { name: 'c', env: [{ name: 'X', valueFrom: { fileKeyRef } }] },
      services: new Map(),
      readFile: (volume: string, file: string) => readInside(join(folder, volume), file, 1000),
    } as unknown as EnvironmentInput
    return (await environmentOf(input)).get('X')
  }

  it('gets the value of the key in the file of the volume, also over a link inside of it', async () => {
    expect(await valueOf('deep/app.env')).toBe('debug')
    expect(await valueOf('link')).toBe('debug')
  })
  it('waits where the key or the file is missing, unless it may be', async () => {
    await expect(valueOf('deep/app.env', 'NONE')).rejects.toThrow(
      'environment variable key "NONE" not found in file "deep/app.env" of volume "v"',
    )
    await expect(valueOf('deep/app.env', 'EMPTY')).rejects.toThrow('"EMPTY" not found')
    await expect(valueOf('none.env')).rejects.toThrow('environment variable file "none.env" not found in volume "v"')
    expect(await valueOf('deep/app.env', 'NONE', true)).toBeUndefined()
    expect(await valueOf('none.env', 'LEVEL', true)).toBeUndefined()
  })
  it.each(['broken.env', 'out', 'deep', '../secret'])('is told nothing of what it cannot read: %s', async path => {
    for (const optional of [false, true])
      await expect(valueOf(path, 'LEVEL', optional)).rejects.toThrow(/^couldn't parse env file$/)
  })
})
