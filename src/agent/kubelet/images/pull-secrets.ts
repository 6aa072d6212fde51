// Credentials for registries, out of imagePullSecrets.
import { createHash } from 'node:crypto'
import type { Secret } from '../../../shared/api/core/v1.ts'
import { Pattern } from '../../../shared/machinery/pattern/pattern.ts'
import type { RegistryAuth } from '../runtime/contract.ts'

interface DockerConfigEntry {
  readonly username?: string
  readonly password?: string
  readonly auth?: string
  readonly identitytoken?: string
}

/** The secret that credentials are from, and what tells them from others. */
export interface SecretSource {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  /** Of the credentials, SHA-256. */
  readonly hash: string
}
export interface PullCredential {
  readonly auth: RegistryAuth
  readonly source: SecretSource
}

const DOCKER_HUB = 'docker.io'
const HUB_NAMES = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io'])

/** @returns host and path of an image's repository: `ghcr.io/org/app`, `docker.io/library/nginx` */
export function repositoryOf(image: string): string {
  const [name = ''] = image.split('@')
  const withoutTag = name.replace(/:[^/:]*$/, '')
  const parts = withoutTag.split('/')
  const [first = ''] = parts
  if (parts.length > 1 && (first.includes('.') || first.includes(':') || first === 'localhost')) return withoutTag
  return parts.length === 1 ? `${DOCKER_HUB}/library/${withoutTag}` : `${DOCKER_HUB}/${withoutTag}`
}

/** Host and path of a key in a Docker configuration, which may be a URL. */
function keyPath(key: string): string {
  const path = key.replace(/^https?:\/\//, '').replace(/\/(v1|v2)?\/?$/, '')
  const [host = '', ...rest] = path.split('/')
  return [HUB_NAMES.has(host) ? DOCKER_HUB : host, ...rest].join('/')
}

/** Part by part, the port as it stands. @see https://kubernetes.io/docs/concepts/containers/images/#config-json */
function hostMatches(pattern: string, host: string): boolean {
  const [a = '', portWanted] = pattern.split(':')
  const [b = '', port] = host.split(':')
  const [globs, parts] = [a.split('.'), b.split('.')]
  return (
    portWanted === port && globs.length === parts.length && globs.every((glob, i) => globFits(glob, parts[i] ?? ''))
  )
}

/** As Go's filepath.Match; what is no pattern fits nothing. */
function globFits(glob: string, text: string): boolean {
  if (!/[*?[\\]/.test(glob)) return glob === text
  const pattern = glob.replace(/\\.|\[\^?[^\]]+\]|[^]/g, token =>
    token === '*' ? '.*' : token === '?' ? '.' : token.length > 1 ? token : token.replace(/[^\w-]/, String.raw`\$&`),
  )
  try {
    return new Pattern(`^(?:${pattern})$`).test(text)
  } catch {
    return false
  }
}

function matches(key: string, repository: string): boolean {
  const [keyHost = '', ...keyRest] = keyPath(key).split('/')
  const [host = '', ...rest] = repository.split('/')
  return hostMatches(keyHost, host) && keyRest.every((part, i) => part === rest[i])
}

function decodeEntry(entry: DockerConfigEntry, server: string): RegistryAuth {
  const decoded = entry.auth ? Buffer.from(entry.auth, 'base64').toString() : ''
  const colon = decoded.indexOf(':')
  const username = entry.username ?? (colon === -1 ? undefined : decoded.slice(0, colon))
  const password = entry.password ?? (colon === -1 ? undefined : decoded.slice(colon + 1))
  return {
    serveraddress: server,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(entry.identitytoken ? { identitytoken: entry.identitytoken } : {}),
  }
}

function entriesOf(secret: Secret): [string, DockerConfigEntry][] {
  const read = (key: string): unknown => {
    const text = secret.data?.[key]
    if (text === undefined) return undefined
    try {
      return JSON.parse(Buffer.from(text, 'base64').toString())
    } catch {
      return undefined // not JSON: as if it had no credentials, as upstream does
    }
  }
  const modern = read('.dockerconfigjson') as { auths?: Record<string, DockerConfigEntry> } | undefined
  const legacy = read('.dockercfg') as Record<string, DockerConfigEntry> | undefined
  return [...Object.entries(modern?.auths ?? {}), ...Object.entries(legacy ?? {})]
}

/** @returns the credentials that apply to the image, the most specific first */
export function credentialsFor(image: string, secrets: readonly Secret[]): PullCredential[] {
  const repository = repositoryOf(image)
  return secrets
    .flatMap(secret => entriesOf(secret).map(([key, entry]) => ({ key, entry, secret })))
    .filter(({ key }) => matches(key, repository))
    .toSorted((a, b) => b.key.length - a.key.length)
    .map(({ key, entry, secret: { metadata } }) => {
      const auth = decodeEntry(entry, keyPath(key))
      const hash = createHash('sha256').update(JSON.stringify(auth)).digest('hex')
      const { uid, namespace = '', name } = metadata
      return { auth, source: { uid, namespace, name, hash } }
    })
}
