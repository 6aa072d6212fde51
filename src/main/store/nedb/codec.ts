// One line of a segment: a checksum, a space, and the JSON of one group commit.
import { crc32 } from 'node:zlib'
import type { EngineRecord } from '../contract.ts'

/** One group commit (or one batch of a snapshot): the nedb document. */
export interface Group {
  /** Revision of the last transaction in the group. */
  readonly rev: number
  readonly txns: readonly StoredRecord[]
}

/** An `EngineRecord` under the short names that it has on disk. */
export interface StoredRecord {
  readonly rev: number
  readonly key: string
  readonly value: string | null
  readonly created: number
}

const CHECKSUM_LENGTH = 8
const SPACE = 0x20
const LINE_END = 0x0a
// nedb's reader takes these for line ends. Inside JSON they occur only in strings, where an escape means the same.
const LINE_SEPARATORS = /[\u0085\u2028\u2029]/g
/** Hardly any text has one: to look for each costs less than an expression that replaces nothing. */
const hasSeparator = (text: string) => text.includes('\u0085') || text.includes('\u2028') || text.includes('\u2029')

const checksum = (text: string | Buffer): string => crc32(text).toString(16).padStart(CHECKSUM_LENGTH, '0')

const escaped = (json: string): string =>
  hasSeparator(json)
    ? json.replace(LINE_SEPARATORS, at => `\\u${at.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : json

/** A line without its end, for nedb's afterSerialization hook. */
export interface SealedLine {
  readonly text: string
  /** In UTF-8. */
  readonly bytes: number
}

export function seal(json: string): SealedLine {
  const content = escaped(json)
  // To measure the whole line would copy it into one piece.
  return { text: `${checksum(content)} ${content}`, bytes: CHECKSUM_LENGTH + 1 + Buffer.byteLength(content) }
}

/** nedb's beforeDeserialization hook. @throws Error when the line is not what `seal` made */
export function unseal(line: string): string {
  const json = line.slice(CHECKSUM_LENGTH + 1)
  if (line[CHECKSUM_LENGTH] !== ' ' || checksum(json) !== line.slice(0, CHECKSUM_LENGTH))
    throw new Error('the checksum does not match')
  return json
}

/** @returns the group in one line (without its line end), or undefined when it is damaged. */
export function decodeLine(line: Buffer): Group | undefined {
  const json = jsonOf(line)
  return json === undefined ? undefined : groupOf(json)
}

/** The first half of the decoding: the text that the checksum vouches for, or undefined. */
export function jsonOf(line: Buffer): string | undefined {
  if (line.length <= CHECKSUM_LENGTH + 1 || line[CHECKSUM_LENGTH] !== SPACE) return undefined
  const json = line.subarray(CHECKSUM_LENGTH + 1)
  return checksum(json) === line.toString('latin1', 0, CHECKSUM_LENGTH) ? json.toString('utf8') : undefined
}

/** The second half. */
export const groupOf = (json: string): Group => JSON.parse(json) as Group

/** @returns the line for a group, with its line end: what nedb writes for it, for files that nedb does not write. */
export function encodeLine(group: Group): Buffer {
  const json = escaped(JSON.stringify(group))
  const start = CHECKSUM_LENGTH + 1
  const line = Buffer.allocUnsafe(start + Buffer.byteLength(json) + 1)
  line.write(json, start)
  line.write(`${checksum(line.subarray(start, -1))} `)
  line[line.length - 1] = LINE_END
  return line
}

export const toStored = ({ key, value, revision, createRevision }: EngineRecord): StoredRecord => ({
  rev: revision,
  key,
  value,
  created: createRevision,
})

export const fromStored = ({ rev, key, value, created }: StoredRecord): EngineRecord => ({
  key,
  value,
  revision: rev,
  createRevision: created,
})
