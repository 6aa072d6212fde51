// Hosts to add, from the command line or from a file: YAML (a list, or `hosts:`) or CSV with a header line.
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import * as v from 'valibot'
import { parse } from 'yaml'
import type { HostSpec } from '../../../shared/api/flotilla/v1.ts'
import { hostNameFrom } from '../../../shared/machinery/host-name.ts'
import { parseAddress } from '../../provisioning/ssh/address.ts'
import { systemErrorText } from '../system-error.ts'
import { UsageError } from '../usage-error.ts'

export interface NewHost {
  /** Name of the Host; default: from the address. */
  readonly name: string
  readonly spec: HostSpec
}

const entry = v.strictObject({
  address: v.string(),
  name: v.optional(v.string()),
  nodeName: v.optional(v.string()),
  labels: v.optional(v.record(v.string(), v.string())),
  taints: v.optional(v.array(v.string())),
  roles: v.optional(v.array(v.string())),
})
type Entry = v.InferOutput<typeof entry>

/** One or the other by what is there, so that what is wrong is told of that one. */
const hosts = v.array(v.lazy(given => (typeof given === 'string' ? v.string() : entry)))
const file = v.lazy(given => (Array.isArray(given) ? hosts : v.strictObject({ hosts })))

/** @throws UsageError with the file and what is wrong in it */
export async function readInventory(path: string): Promise<NewHost[]> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new UsageError(`the file of hosts cannot be read: ${systemErrorText(error) ?? error.message}`)
  })
  let raw: unknown
  try {
    raw = extname(path) === '.csv' ? parseCsv(text) : (parse(text, { maxAliasCount: 100 }) as unknown)
  } catch (error) {
    throw new UsageError(`${path}: ${(error as Error).message.split('\n')[0]}`)
  }
  const parsed = v.safeParse(file, raw)
  if (!parsed.success)
    throw new UsageError(`${path}: ${v.getDotPath(parsed.issues[0]) ?? 'file'}: ${parsed.issues[0].message}`)
  const entries = Array.isArray(parsed.output) ? parsed.output : parsed.output.hosts
  return entries.map(given => newHost(typeof given === 'string' ? { address: given } : given))
}

/** @throws UsageError for what is no address: nothing is begun with the others then */
export function newHost({ address, name, nodeName, labels, taints, roles }: Entry): NewHost {
  try {
    parseAddress(address)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  return {
    name: name ?? nameFrom(address),
    spec: {
      address,
      ...(nodeName === undefined ? {} : { nodeName }),
      ...(labels === undefined ? {} : { labels }),
      ...(taints === undefined ? {} : { taints: taints.map(parseTaint) }),
      ...(roles === undefined ? {} : { roles }),
    },
  }
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
    .filter(line => line.trim() !== '' && !line.startsWith('#'))
    .map(splitCsvLine)
  return rows.map(row => {
    const fields = Object.fromEntries(header.map((name, i) => [name.trim(), (row[i] ?? '').trim()]))
    const words = (name: string) => fields[name]?.split(/\s+/).filter(Boolean) ?? []
    return Object.fromEntries(
      Object.entries(fields)
        .filter(([, value]) => value !== '')
        .map(([name, value]) => [
          name,
          name === 'labels' ? parseLabels(words(name)) : name === 'taints' || name === 'roles' ? words(name) : value,
        ]),
    )
  })
}

const splitCsvLine = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(([, quoted, bare]) =>
    quoted === undefined ? (bare ?? '') : quoted.replaceAll('""', '"'),
  )
