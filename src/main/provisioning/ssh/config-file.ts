// The part of ~/.ssh/config that says where a host is and who logs in: Host blocks with patterns, Include, HostName,
// Port, User, IdentityFile, IdentitiesOnly, ProxyJump. As in ssh(1), the first value found for an option counts, and
// several IdentityFiles add up. Blocks under Match are left out: their conditions can run programs.
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { SshError } from './contract.ts'

/** Options for one host, as written; absent ones have ssh's defaults. */
export interface HostOptions {
  readonly hostName?: string
  readonly port?: string
  readonly user?: string
  readonly identityFiles: readonly string[]
  readonly identitiesOnly?: string
  readonly proxyJump?: string
}

interface Line {
  /** Lower case. */
  readonly keyword: string
  readonly words: readonly string[]
}

const DEEPEST_INCLUDE = 16
/** Of all files together, each as often as it is included: files that include each other twice have thousands of times more. */
const MOST_BYTES = 4 * 1024 * 1024

interface Reading {
  readonly home: string
  bytesLeft: number
}

/** @returns the lines of a file with those that it includes in their place; what is absent or no file has none */
function readLines(path: string, reading: Reading, depth: number): Line[] {
  let text: string
  try {
    const found = statSync(path)
    if (!found.isFile()) return []
    // A file that is empty costs as well.
    reading.bytesLeft -= found.size + 1024
    if (reading.bytesLeft < 0) throw new SshError('BadConfig', `${path}: the SSH configuration is too long`)
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof SshError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return []
    throw new SshError('BadConfig', `the SSH configuration cannot be read: ${message}`)
  }
  return text.split('\n').flatMap(raw => {
    const line = parseLine(raw)
    if (!line) return []
    if (line.keyword !== 'include') return [line]
    if (depth >= DEEPEST_INCLUDE)
      throw new SshError('BadConfig', `${path}: Include goes deeper than ${DEEPEST_INCLUDE}`)
    return line.words
      .flatMap(word => expandGlob(word, reading.home))
      .flatMap(file => readLines(file, reading, depth + 1))
  })
}

/** `Keyword value`, `Keyword=value`, `Keyword "a value"`. */
function parseLine(raw: string): Line | undefined {
  const match = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(raw)
  if (!match?.[1]) return undefined
  const words = [...(match[2] ?? '').matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '')
  const comment = words.findIndex(word => word.startsWith('#'))
  return { keyword: match[1].toLowerCase(), words: comment < 0 ? words : words.slice(0, comment) }
}

export const expandHome = (path: string, home: string): string =>
  path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path

/** Relative names are below ~/.ssh. Only the last part may have wildcards. */
function expandGlob(word: string, home: string): string[] {
  const expanded = expandHome(word, home)
  const path = isAbsolute(expanded) ? expanded : join(home, '.ssh', expanded)
  const pattern = path.slice(dirname(path).length + 1)
  if (!/[*?]/.test(pattern)) return [path]
  try {
    return readdirSync(dirname(path))
      .filter(name => matches(pattern, name) && !name.startsWith('.'))
      .sort()
      .map(name => join(dirname(path), name))
  } catch {
    return [] // as ssh: a folder that is not there includes nothing
  }
}

/** `*` and `?` only. Linear: no pattern can make it slow. */
export function matches(pattern: string, text: string): boolean {
  let [p, t, star, from] = [0, 0, -1, 0]
  while (t < text.length) {
    if (pattern[p] === '*') [star, from, p] = [p, t, p + 1]
    else if (pattern[p] === '?' || pattern[p] === text[t]) [p, t] = [p + 1, t + 1]
    else if (star >= 0) [p, from, t] = [star + 1, from + 1, from + 1]
    else return false
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

/** A negated pattern that matches takes the whole list away. */
function applies(patterns: readonly string[], host: string): boolean {
  const hits = (list: readonly string[]) => list.some(pattern => matches(pattern.toLowerCase(), host.toLowerCase()))
  return !hits(patterns.filter(p => p.startsWith('!')).map(p => p.slice(1))) && hits(patterns)
}

export interface SshConfigFile {
  /** @param name as the user wrote it, before HostName changes it */
  optionsFor(name: string): HostOptions
  /** Names that blocks are about, in the order of the file; those with wildcards are none. */
  readonly hosts: readonly string[]
  /** Whether a block is about that name, and not about all. */
  names(name: string): boolean
}

/**
 * @param path such as ~/.ssh/config; need not exist
 * @param home stands for `~`
 * @throws SshError BadConfig
 */
export function readSshConfig(path: string, home: string): SshConfigFile {
  const lines = readLines(path, { home, bytesLeft: MOST_BYTES }, 0)
  const named = lines.flatMap(({ keyword, words }) => (keyword === 'host' ? words : []))
  return {
    hosts: [...new Set(named.filter(word => !/[*?!]/.test(word)))],
    names: name =>
      lines.some(({ keyword, words }) => keyword === 'host' && !words.includes('*') && applies(words, name)),
    optionsFor(name) {
      const first = new Map<string, string>()
      const identityFiles: string[] = []
      let active = true
      for (const { keyword, words } of lines) {
        if (keyword === 'host') active = applies(words, name)
        else if (keyword === 'match') active = words.length === 1 && words[0]?.toLowerCase() === 'all'
        else if (!active || words[0] === undefined) continue
        else if (keyword === 'identityfile') identityFiles.push(expandHome(words[0], home))
        else if (!first.has(keyword)) first.set(keyword, words[0])
      }
      const option = (keyword: string) => first.get(keyword)
      return {
        identityFiles,
        ...given('hostName', option('hostname')),
        ...given('port', option('port')),
        ...given('user', option('user')),
        ...given('identitiesOnly', option('identitiesonly')),
        ...given('proxyJump', option('proxyjump')),
      }
    },
  }
}

const given = <K extends string>(key: K, value: string | undefined) =>
  (value === undefined ? {} : { [key]: value }) as Partial<Record<K, string>>
