// Container Device Interface: files in which drivers say what a container needs for a device. Those of a later folder
// come before those of an earlier one; a device that two files of one folder have is no device.
//
// @see https://github.com/cncf-tags/container-device-interface/blob/main/SPEC.md
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'

/** The first gives way to the second. */
export const CDI_FOLDERS = ['/etc/cdi', '/var/run/cdi'] as const

const optional = <T extends v.GenericSchema>(schema: T) => v.optional(schema)
const absolute = v.pipe(v.string(), v.startsWith('/', 'is no absolute path'))
const id = v.pipe(v.number(), v.integer(), v.minValue(0))

const deviceNode = v.object({
  path: absolute,
  hostPath: optional(absolute),
  permissions: optional(v.pipe(v.string(), v.regex(/^[rwm]*$/))),
  type: optional(v.picklist(['b', 'c', 'u', 'p', ''])),
  major: optional(id),
  minor: optional(id),
  fileMode: optional(id),
  uid: optional(id),
  gid: optional(id),
})
const mount = v.object({
  hostPath: v.string(),
  containerPath: absolute,
  type: optional(v.string()),
  options: optional(v.array(v.string())),
})
const hook = v.object({ hookName: v.string(), path: v.string() })
const containerEdits = v.object({
  env: optional(v.array(v.pipe(v.string(), v.regex(/^[^=]+=/)))),
  deviceNodes: optional(v.array(deviceNode)),
  mounts: optional(v.array(mount)),
  hooks: optional(v.array(hook)),
  additionalGids: optional(v.array(id)),
  netDevices: optional(v.array(v.unknown())),
})
const spec = v.object({
  cdiVersion: v.string(),
  kind: v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*\/[A-Za-z0-9][A-Za-z0-9_.-]*$/)),
  containerEdits: optional(containerEdits),
  devices: v.pipe(v.array(v.object({ name: v.string(), containerEdits: optional(containerEdits) })), v.minLength(1)),
})

export type ContainerEdits = v.InferOutput<typeof containerEdits>

/** What a container needs for one device: its own part, and what all devices of its file need. */
export interface CdiDevice {
  readonly edits: ContainerEdits
  /** The same object for all devices of one file. */
  readonly common: ContainerEdits
}

export class CdiError extends Error {
  override readonly name = 'CdiError'
}

interface Found {
  readonly device: CdiDevice
  readonly folder: string
  readonly file: string
  conflict?: string
}

/** All devices by their full name, `vendor.com/class=name`, and files that are none. */
export interface CdiDevices {
  readonly devices: ReadonlyMap<string, CdiDevice>
  /** Name → why it is not there. */
  readonly problems: ReadonlyMap<string, string>
  /** One for a file that cannot be read. */
  readonly broken: readonly string[]
}

/** @param root where the machine's files are */
export async function readCdiDevices(root = '', folders: readonly string[] = CDI_FOLDERS): Promise<CdiDevices> {
  const found = new Map<string, Found>()
  const broken: string[] = []
  for (const folder of folders) {
    const names = await readdir(root + folder).catch(() => []) // nobody has put any there
    for (const name of names.filter(each => /\.(json|ya?ml)$/.test(each)).toSorted()) {
      const file = join(folder, name)
      try {
        for (const [device, parts] of await readSpec(root + file)) add(found, device, { device: parts, folder, file })
      } catch (error) {
        broken.push(`${file}: ${(error as Error).message}`)
      }
    }
  }
  const devices = [...found].flatMap(([name, { conflict, device }]) => (conflict ? [] : [[name, device] as const]))
  const problems = [...found].flatMap(([name, { conflict }]) => (conflict ? [[name, conflict] as const] : []))
  return { devices: new Map(devices), problems: new Map(problems), broken }
}

function add(all: Map<string, Found>, name: string, next: Found): void {
  const before = all.get(name)
  if (before?.folder === next.folder) before.conflict = `both ${before.file} and ${next.file} have it`
  else all.set(name, next)
}

async function readSpec(path: string): Promise<[string, CdiDevice][]> {
  const text = await readFile(path, 'utf8')
  const parsed = v.safeParse(spec, await parse(path, text))
  if (!parsed.success) {
    const [issue] = parsed.issues
    throw new CdiError(`${v.getDotPath(issue) ?? 'file'}: ${issue.message}`)
  }
  const { kind, devices, containerEdits: common = {} } = parsed.output
  return devices.map(({ name, containerEdits: edits = {} }) => [`${kind}=${name}`, { edits, common }])
}

async function parse(path: string, text: string): Promise<unknown> {
  if (path.endsWith('.json')) return JSON.parse(text)
  // Few nodes have such a file: nobody else's start should pay for loading it.
  const { parse: parseYaml } = await import('yaml')
  return parseYaml(text, { maxAliasCount: 100 })
}
