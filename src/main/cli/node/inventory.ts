// Hosts to add, from the command line or from a file: YAML (a list, or `hosts:`) or CSV with a header line.
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import * as v from 'valibot'
import { parse } from 'yaml'
import type { HostSpec } from '../../../shared/api/flotilla/v1.ts'
import { hostNameFrom } from '../../../shared/machinery/host-name.ts'
import { longName } from '../../../shared/machinery/names.ts'
import { hostErrors } from '../../apiserver/registry/flotilla/validate-host.ts'
import { parseAddress } from '../../provisioning/ssh/address.ts'
import { systemErrorText } from '../../process/system-error.ts'
import { UsageError } from '../../process/usage-error.ts'

export interface NewHost {
  /** Name of the Host; default: from the address. */
  readonly name: string
  readonly spec: HostSpec
}

const entry = v.strictObject({
  address: v.string(),
  name: v.optional(v.string()),
  nodeName: v.optional(v.string()),
  labels: v.optional(
    v.pipe(
      v.unknown(),
      v.check(given => !Array.isArray(given), 'wants key: value, not a list'),
      v.record(v.string(), v.string()),
    ),
  ),
  taints: v.optional(v.array(v.string())),
  roles: v.optional(v.array(v.string())),
})
const FIELDS = Object.keys(entry.entries).join(', ')
type Entry = v.InferOutput<typeof entry>

/** One or the other by what is there, so that what is wrong is told of that one. */
const hosts = v.array(v.lazy(given => (typeof given === 'string' ? v.string() : entry)))
const file = v.lazy(given => (Array.isArray(given) ? hosts : v.strictObject({ hosts })))

/** @throws UsageError with the file and what is wrong in it */
export async function readInventory(path: string): Promise<NewHost[]> {
  const read = await readFile(path, 'utf8').catch((error: Error) => {
    throw new UsageError(`the file of hosts cannot be read: ${systemErrorText(error) ?? error.message}`)
  })
  const text = read.replace(/^\uFEFF/, '') // spreadsheets begin with it
  let raw: unknown
  try {
    raw = extname(path).toLowerCase() === '.csv' ? parseCsv(text) : (parse(text, { maxAliasCount: 100 }) as unknown)
  } catch (error) {
    throw new UsageError(`${path}: ${(error as Error).message.split('\n')[0]}`)
  }
  const parsed = v.safeParse(file, raw)
  if (!parsed.success) throw new UsageError(`${path}: ${[...new Set(parsed.issues.map(mistakeOf))].join('; ')}`)
  const entries = Array.isArray(parsed.output) ? parsed.output : parsed.output.hosts
  if (entries.length === 0) throw new UsageError(`${path}: it names no hosts`)
  return entries.map((given, i) => {
    try {
      return newHost(typeof given === 'string' ? { address: given } : given)
    } catch (error) {
      throw new UsageError(`${path}: host ${i + 1}: ${(error as Error).message}`)
    }
  })
}

/** Hosts are counted as people do. */
function mistakeOf(issue: v.BaseIssue<unknown>): string {
  const keys = (issue.path ?? []).map(({ key }) => key)
  const at = keys.findIndex(key => typeof key === 'number')
  if (at < 0) return 'it wants a list of hosts, or one under "hosts:"'
  const field = keys.slice(at + 1).join('.')
  return `host ${Number(keys[at]) + 1}: ${whatIsWrong(issue, field)}`
}

function whatIsWrong({ type, expected, received, message }: v.BaseIssue<unknown>, field: string): string {
  if (type === 'strict_object' && expected === 'never') return `there is no field ${field}; there are ${FIELDS}`
  if (type === 'strict_object' && received === 'undefined') return `it has no ${field}`
  if (type === 'check') return `${field} ${message}`
  return `${field || 'it'} wants ${expected}, not ${received}`
}

/** @throws UsageError for two of one name: the second would wait for the first, and find nothing to do */
export function noneTwice(hosts: readonly NewHost[]): void {
  const seen = new Map<string, string>()
  for (const { name, spec } of hosts) {
    const other = seen.get(name)
    if (other === spec.address) throw new UsageError(`${other} is given twice`)
    if (other !== undefined)
      throw new UsageError(`${other} and ${spec.address} would both be called ${name}; name one of them otherwise, in a file of hosts`) // prettier-ignore
    seen.set(name, spec.address)
  }
}

/** @throws UsageError for what is no address or name: nothing is begun with the others then */
export function newHost({ address, name, nodeName, labels, taints, roles }: Entry): NewHost {
  try {
    parseAddress(address)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  if (name !== undefined) {
    const [wrong] = longName(name)
    if (wrong) throw new UsageError(`${JSON.stringify(name)} cannot be a name: ${wrong}`)
  }
  const spec = {
    address,
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(labels === undefined ? {} : { labels }),
    ...(taints === undefined ? {} : { taints: taints.map(parseTaint) }),
    ...(roles === undefined ? {} : { roles }),
  }
  const wrong = hostErrors(spec).map(({ field, message }) => `${field.replace('spec.', '')}: ${message}`)
  if (wrong.length > 0) throw new UsageError(wrong.join('; '))
  return { name: name ?? nameFrom(address), spec }
}

function nameFrom(address: string): string {
  const name = hostNameFrom(address)
  if (name === '') throw new UsageError(`${JSON.stringify(address)} is not an address; it wants user@host`)
  return name
}

/** `key=value:Effect` or `key:Effect` */
function parseTaint(text: string): { key: string; value?: string; effect: string } {
  const match = /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text)
  if (!match?.[1] || !match[3])
    throw new UsageError(`a taint wants key=value:NoSchedule (or PreferNoSchedule, NoExecute), not "${text}"`)
  return { key: match[1], effect: match[3], ...(match[2] === undefined ? {} : { value: match[2] }) }
}

export function parseLabels(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map(text => {
      const at = text.indexOf('=')
      if (at < 1) throw new UsageError(`a label wants key=value, not "${text}"`)
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}

/** Columns as in YAML; lists inside a field are separated by spaces. */
function parseCsv(text: string): unknown[] {
  const [header = [], ...rows] = text
    .split(/\r?\n/)
    .filter(line => !/^[\s,]*$/.test(line) && !line.startsWith('#'))
    .map(splitCsvLine)
  const strange = header.find(name => !Object.hasOwn(entry.entries, name))
  if (strange !== undefined)
    throw new UsageError(`its first line names the columns, with commas between them; there is no column "${strange}", there are ${FIELDS}`) // prettier-ignore
  return rows.map((row, i) => {
    if (row.length > header.length)
      throw new UsageError(`host ${i + 1}: it has ${row.length} fields, and there are ${header.length} columns; a field with commas in it wants quotes`) // prettier-ignore
    const fields = Object.fromEntries(header.map((name, i) => [name, row[i] ?? '']))
    const words = (name: string) => fields[name]?.split(/\s+/).filter(Boolean) ?? []
    return Object.fromEntries(
      Object.entries(fields)
        .filter(([, value]) => value !== '')
        .map(([name, value]) => [
          name,
          name === 'labels' ? labelsOf(words(name), i) : name === 'taints' || name === 'roles' ? words(name) : value,
        ]),
    )
  })
}

function labelsOf(words: readonly string[], row: number): Record<string, string> {
  try {
    return parseLabels(words)
  } catch (error) {
    throw new UsageError(`host ${row + 1}: ${(error as Error).message}`)
  }
}

/** Spreadsheets write lines of one length: what is empty at the end of one is nothing. */
function splitCsvLine(line: string): string[] {
  const fields = [...line.matchAll(/(?<=^|,)(?:"((?:[^"]|"")*)"|([^,]*))(?=,|$)/g)].map(([, quoted, bare = '']) =>
    (quoted?.replaceAll('""', '"') ?? bare).trim(),
  )
  return fields.slice(0, fields.findLastIndex(field => field !== '') + 1)
}
