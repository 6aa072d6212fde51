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
import { isIP } from 'node:net'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Document, isMap, isSeq, parse, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml'
import { CommandError } from '../process/usage-error.ts'
import { type ClusterPlace, EXTENSION } from '../../shared/machinery/kubeconfig.ts'

/** The name of our entries in the user's kubeconfig. */
export const CONTEXT_NAME = 'flotilla'

/** What a kubeconfig of ours carries, as PEM texts. */
export interface KubeconfigIdentity extends ClusterPlace {
  readonly others: readonly string[]
  readonly ca: string
  readonly cert: string
  readonly key: string
}

interface KubeconfigFile {
  clusters?: { name: string; cluster: Record<string, unknown> }[] | null
  users?: { name: string; user: Record<string, unknown> }[] | null
  contexts?: { name: string; context: Record<string, unknown> }[] | null
  'current-context'?: string
}

/** Texts in the file itself: what it only names, or has made by a program, is not ours. */
function decode(path: string, name: string, text: unknown): string {
  if (typeof text === 'string' && text !== '') return Buffer.from(text, 'base64').toString('utf8')
  throw new CommandError(`${path} has no ${name} for its current context: give a kubeconfig that was made by flotilla`)
}

/**
 * Of the current context; of the first cluster and user where there is none.
 * @throws CommandError when the file is not a kubeconfig with a cluster and a client certificate
 */
export function readKubeconfig(path: string): KubeconfigIdentity {
  const read = parseFile(path, readFileSync(path, 'utf8')).toJS() as KubeconfigFile | null
  const { clusters, users, contexts, ...file } = typeof read === 'object' && read !== null ? read : {}
  const context = contexts?.find(({ name }) => name === file['current-context'])?.context
  // Without a context the first is meant; one that is named and missing is not made up by another one's.
  const named = <T extends { name: string }>(list: readonly T[] | null | undefined, name: unknown) =>
    context ? list?.find(entry => entry.name === name) : list?.[0]
  const cluster = named(clusters, context?.cluster)?.cluster
  const user = named(users, context?.user)?.user
  if (!clusters || !cluster || !user) throw new CommandError(`${path} is not a kubeconfig with a cluster and a user`)
  const authority = cluster['certificate-authority-data']
  const others = clusters.filter(other => other.cluster['certificate-authority-data'] === authority && other.cluster !== cluster) // prettier-ignore
  const kubernetesServiceIP = serviceIPOf(cluster)
  return {
    server: String(cluster.server),
    others: others.map(other => String(other.cluster.server)),
    ...(kubernetesServiceIP !== undefined && { kubernetesServiceIP }),
    ca: decode(path, 'certificate-authority-data', authority),
    cert: decode(path, 'client-certificate-data', user['client-certificate-data']),
    key: decode(path, 'client-key-data', user['client-key-data']),
  }
}

/** What a kubeconfig for somebody else, or with another certificate, tells as well. */
export const placeOf = ({ server, others, kubernetesServiceIP }: KubeconfigIdentity): ClusterPlace => ({
  server,
  others,
  ...(kubernetesServiceIP !== undefined && { kubernetesServiceIP }),
})

function serviceIPOf({ extensions }: Record<string, unknown>): string | undefined {
  const list = Array.isArray(extensions)
    ? (extensions as { name?: unknown; extension?: Record<string, unknown> }[])
    : []
  const ip = list.find(({ name }) => name === EXTENSION)?.extension?.['kubernetesServiceIP']
  return typeof ip === 'string' && isIP(ip) !== 0 ? ip : undefined
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

/** What renderKubeconfig writes. */
type Ours = { [Section in 'clusters' | 'users' | 'contexts']: NonNullable<KubeconfigFile[Section]> }

const SECTIONS = ['clusters', 'users', 'contexts'] as const
type Section = (typeof SECTIONS)[number]

function sectionOf(document: Document, section: Section): YAMLSeq {
  const found = document.get(section)
  if (isSeq(found)) return found
  // An alias, a mapping or a text would be lost.
  if (found !== undefined && found !== null)
    throw new CommandError(`"${section}" is not a list in the kubeconfig; nothing was changed`)
  const created = document.createNode([]) as YAMLSeq
  document.set(section, created)
  return created
}

const without = (sequence: YAMLSeq, names: readonly unknown[]) => {
  sequence.items = sequence.items.filter(item => !(isMap(item) && names.includes((item as YAMLMap).get('name'))))
}

function parseFile(path: string, text: string): Document {
  const document = parseDocument(text)
  const [problem] = document.errors
  if (problem)
    throw new CommandError(
      `${path} is not valid YAML (${problem.message.split('\n')[0]?.replace(/:$/, '')}); mend it first, nothing was changed`,
    )
  return document
}

function open(path: string): Document {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const document = parseFile(path, text.trim() === '' ? 'apiVersion: v1\nkind: Config\n' : text)
  if (!isMap(document.contents)) throw new CommandError(`${path} is not a kubeconfig; nothing was changed`)
  return document
}

/** @returns `name`, and the `name@host:port` that lead to the same cluster: more addresses of it */
function namesOf(document: Document, name: string): string[] {
  const clusters = document.get('clusters')
  const authorities = new Map(
    (isSeq(clusters) ? clusters.items : [])
      .filter(isMap)
      .map(entry => [String(entry.get('name')), entry.getIn(['cluster', 'certificate-authority-data'])]),
  )
  const authority = authorities.get(name)
  const isOurs = (other: string) =>
    other.startsWith(`${name}@`) && authority !== undefined && authorities.get(other) === authority
  return [name, ...[...authorities.keys()].filter(isOurs)]
}

/**
 * Adds or replaces the entries called `name`, with one more for each further address, and makes the context current;
 * everything else, comments included, stays.
 * @param ours see `renderKubeconfig`
 * @throws CommandError when the file is not a kubeconfig; it is then unchanged
 */
export function mergeKubeconfig(path: string, name: string, ours: string): void {
  const document = open(path)
  const { clusters, users, contexts } = parse(ours) as Ours
  const own = clusters[0]?.name ?? name
  const renamed = (entry: string) => name + entry.slice(own.length)
  const entries = {
    clusters: clusters.map(({ name: entry, cluster }) => ({ name: renamed(entry), cluster })),
    users: users.map(({ user }) => ({ name, user })),
    contexts: contexts.map(({ name: entry }) => ({
      name: renamed(entry),
      context: { cluster: renamed(entry), user: name },
    })),
  }
  const before = namesOf(document, name)
  for (const section of SECTIONS) {
    const sequence = sectionOf(document, section)
    without(sequence, before)
    for (const entry of entries[section]) sequence.add(document.createNode(entry))
    sequence.flow = false
  }
  document.set('current-context', name)
  writeAtomically(path, document.toString())
}

/** Takes the entries of the cluster called `name` out again. @returns whether anything was there */
export function unmergeKubeconfig(path: string, name: string): boolean {
  if (!existsSync(path)) return false
  const document = open(path)
  const names: unknown[] = namesOf(document, name)
  let found = false
  for (const section of SECTIONS) {
    const sequence = document.get(section)
    if (!isSeq(sequence)) continue
    const before = sequence.items.length
    without(sequence, names)
    found ||= sequence.items.length !== before
  }
  if (names.includes(document.get('current-context'))) {
    const contexts = document.get('contexts')
    const first = isSeq(contexts) ? contexts.items.find(isMap) : undefined
    document.set('current-context', first ? first.get('name') : '')
    found = true
  }
  if (found) writeAtomically(path, document.toString())
  return found
}
