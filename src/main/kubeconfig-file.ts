// Kubeconfig files: the one in the data folder, and entries in the user's own ~/.kube/config.
import { randomBytes } from 'node:crypto'
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Document, isMap, isSeq, parse, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml'

/** What a kubeconfig of ours carries, as PEM texts. */
export interface KubeconfigIdentity {
  readonly server: string
  readonly ca: string
  readonly cert: string
  readonly key: string
}

interface KubeconfigFile {
  clusters?: { name: string; cluster: Record<string, unknown> }[]
  users?: { name: string; user: Record<string, unknown> }[]
  contexts?: { name: string; context: Record<string, unknown> }[]
}

const decode = (text: unknown) => Buffer.from(String(text), 'base64').toString('utf8')

/** @throws Error when the file is not a kubeconfig with one cluster and client certificate */
export function readKubeconfig(path: string): KubeconfigIdentity {
  const file = parse(readFileSync(path, 'utf8')) as KubeconfigFile
  const cluster = file.clusters?.[0]?.cluster
  const user = file.users?.[0]?.user
  if (!cluster || !user) throw new Error(`${path} is not a kubeconfig with a cluster and a user`)
  return {
    server: String(cluster.server),
    ca: decode(cluster['certificate-authority-data']),
    cert: decode(user['client-certificate-data']),
    key: decode(user['client-key-data']),
  }
}

/** Where kubectl looks by default: the first file of `KUBECONFIG`, else ~/.kube/config. */
export const userKubeconfigPath = (env: NodeJS.ProcessEnv = process.env): string =>
  env.KUBECONFIG?.split(process.platform === 'win32' ? ';' : ':').find(Boolean) ?? join(homedir(), '.kube', 'config')

/**
 * Writes through a temporary file beside the target, following a link to it, and keeps the target's owner and mode,
 * but for what others may do: what is written here are keys. A power cut leaves the old file or the new one.
 */
export function writeAtomically(path: string, text: string, mode = 0o600): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const target = existsSync(path) && lstatSync(path).isSymbolicLink() ? realpathSync(path) : path
  const old = existsSync(target) ? statSync(target) : undefined
  const temporary = `${target}.${randomBytes(6).toString('hex')}.tmp`
  try {
    writeFileSync(temporary, text, { mode: old ? old.mode & 0o770 : mode, flag: 'wx', flush: true })
    if (old && process.getuid?.() === 0) chownSync(temporary, old.uid, old.gid)
    renameSync(temporary, target)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

const SECTIONS = { clusters: 'cluster', users: 'user', contexts: 'context' } as const

function sectionOf(document: Document, section: keyof typeof SECTIONS): YAMLSeq {
  const found = document.get(section)
  if (isSeq(found)) return found
  // An alias, a mapping or a text would be lost.
  if (found !== undefined && found !== null)
    throw new Error(`"${section}" is not a list in the kubeconfig; nothing was changed`)
  const created = document.createNode([]) as YAMLSeq
  document.set(section, created)
  return created
}

const without = (sequence: YAMLSeq, name: string) => {
  sequence.items = sequence.items.filter(item => !(isMap(item) && (item as YAMLMap).get('name') === name))
}

function open(path: string): Document {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const document = parseDocument(text.trim() === '' ? 'apiVersion: v1\nkind: Config\n' : text)
  const [problem] = document.errors
  if (problem)
    throw new Error(`${path} is not valid YAML (${problem.message.split('\n')[0]}); mend it first, nothing was changed`)
  if (!isMap(document.contents)) throw new Error(`${path} is not a kubeconfig; nothing was changed`)
  return document
}

/**
 * Adds or replaces the entries called `name` and makes the context current; everything else, comments included, stays.
 * @throws Error when the file is not a kubeconfig; it is then unchanged
 */
export function mergeKubeconfig(path: string, name: string, ours: string): void {
  const document = open(path)
  const source = parse(ours) as Record<keyof typeof SECTIONS, Record<string, unknown>[]>
  for (const [section, field] of Object.entries(SECTIONS) as [keyof typeof SECTIONS, string][]) {
    const sequence = sectionOf(document, section)
    without(sequence, name)
    const body = section === 'contexts' ? { cluster: name, user: name } : source[section][0]?.[field]
    sequence.add(document.createNode({ name, [field]: body }))
    sequence.flow = false
  }
  document.set('current-context', name)
  writeAtomically(path, document.toString())
}

/** Takes the entries called `name` out again. @returns whether anything was there */
export function unmergeKubeconfig(path: string, name: string): boolean {
  if (!existsSync(path)) return false
  const document = open(path)
  let found = false
  for (const section of Object.keys(SECTIONS) as (keyof typeof SECTIONS)[]) {
    const sequence = document.get(section)
    if (!isSeq(sequence)) continue
    const before = sequence.items.length
    without(sequence, name)
    found ||= sequence.items.length !== before
  }
  if (document.get('current-context') === name) {
    const contexts = document.get('contexts')
    const first = isSeq(contexts) ? contexts.items.find(isMap) : undefined
    document.set('current-context', first ? first.get('name') : '')
    found = true
  }
  if (found) writeAtomically(path, document.toString())
  return found
}
