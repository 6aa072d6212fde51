// The files of a container: what its programs print, names that would deceive, and failures in plain words.
import { describe, expect, it } from 'vitest'
import { explainFailure, joinPath, parentOf, parseListing, savedName, shownName } from '@/files/listing.ts'
import { asText } from '@/files/transfer.ts'

const record = (mode: string, name: string, owner = 'root/root', size = 3, time = '1700000000') =>
  `/${mode} ${size} ${time} 0 0 ./${name}/${owner}/\n`

describe('parseListing', () => {
  it('reads folders first, then names, with permissions as ls shows them', () => {
    const { path, entries } = parseListing(
      `/data\n${record('81a4', 'b.txt')}${record('43ff', 'tmp')}${record('89ed', 'a', 'UNKNOWN/UNKNOWN')}${record('a1ff', 'link')}`,
    )
    expect(path).toBe('/data')
    expect(entries.map(({ name, kind, permissions, owner }) => [name, kind, permissions, owner])).toEqual([
      ['tmp', 'folder', 'rwxrwxrwt', 'root:root'],
      ['a', 'file', 'rwsr-xr-x', '0:0'],
      ['b.txt', 'file', 'rw-r--r--', 'root:root'],
      ['link', 'link', 'rwxrwxrwx', 'root:root'],
    ])
    expect(entries[2]).toMatchObject({ sizeBytes: 3, modifiedAt: 1_700_000_000_000 })
  })
  it('takes a name for one name, whatever it holds', () => {
    const hostile = [
      'a\nb',
      '81a4 9 1 0 0 fake',
      '-rf',
      '<img src=x onerror=alert(1)>',
      '$(reboot)',
      ' ',
      'é\u202egpj.exe',
    ]
    const { entries } = parseListing(`/\n${hostile.map(name => record('81a4', name)).join('')}`)
    expect(entries.map(({ name }) => name).sort()).toEqual([...hostile].sort())
  })
  it('takes a time that no date can hold for the last or the first one', () => {
    const at = (time: string) => parseListing(`/\n${record('81a4', 'a', 'root/root', 3, time)}`).entries[0]?.modifiedAt
    const dates = ['9223372036854775807', '-9223372036854775808'].map(time => new Date(at(time) ?? NaN).toISOString())
    expect(dates).toEqual(['+275760-09-13T00:00:00.000Z', '-271821-04-20T00:00:00.000Z'])
  })
  it('tells an empty folder from none, also where the path holds a line end', () => {
    expect(parseListing('/empty\n')).toEqual({ path: '/empty', entries: [] })
    expect(parseListing(`/a\nb\n${record('81a4', 'x')}`)).toMatchObject({ path: '/a\nb', entries: [{ name: 'x' }] })
  })
})

describe('names', () => {
  it('are shown without characters that lie about them', () =>
    expect(shownName('rtl\u202egpj.exe\n\u001b[31m')).toBe('rtl\ufffdgpj.exe\ufffd\ufffd[31m'))
  it('are saved as no path and no device', () =>
    expect(['../../etc/passwd', '..', 'a:b|c', 'ok.txt'].map(savedName)).toEqual([
      '.._.._etc_passwd',
      '_',
      'a_b_c',
      'ok.txt',
    ]))
  it('join and part at slashes', () => {
    expect([joinPath('/', 'a'), joinPath('/a', 'b')]).toEqual(['/a', '/a/b'])
    expect([parentOf('/a/b'), parentOf('/a'), parentOf('/')]).toEqual(['/a', '/', '/'])
  })
})

describe('explainFailure', () => {
  it('names the program that an image lacks', () => {
    const messages = [
      'OCI runtime exec failed: exec failed: unable to start container process: exec: "sh": executable file not found in $PATH: unknown',
      'sh: exec: line 0: find: not found',
      'sh: 1: exec: find: not found',
      'find: stat: command not found',
    ]
    expect(
      messages
        .map(message => explainFailure(message))
        .map(({ text, lacksTools }) => [/“(\w+)”/.exec(text)?.[1], lacksTools]),
    ).toEqual([
      ['sh', true],
      ['find', true],
      ['find', true],
      ['stat', true],
    ])
  })
  it('knows a missing shell by the exit code, where the runtime says no more', () =>
    expect(explainFailure('command terminated with exit code 126', 126).lacksTools).toBe(true))
  it('leaves what the shell says of a path', () =>
    expect(explainFailure("sh: cd: line 0: can't cd to /nix: No such file or directory")).toEqual({
      text: "can't cd to /nix: No such file or directory",
      lacksTools: false,
    }))
})

describe('asText', () => {
  it('reads text, also where the cut goes through a character, and refuses bytes', () => {
    const euros = new TextEncoder().encode('1 €')
    expect(asText(euros)).toBe('1 €')
    expect(asText(euros.subarray(0, 4))).toBe('1 ')
    expect(asText(new Uint8Array([104, 0, 105]))).toBeUndefined()
    expect(asText(new Uint8Array([0xff, 0xfe, 65]))).toBeUndefined()
  })
})
