// Reads other people's kubeconfigs: which clusters are in one, and how it logs in to each.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import * as v from 'valibot'
import { parse } from 'yaml'

const text = v.optional(v.nullable(v.string()))
const EXEC = v.object({
  command: v.string(),
  args: v.optional(v.nullable(v.array(v.string()))),
  env: v.optional(v.nullable(v.array(v.object({ name: v.string(), value: v.string() })))),
  apiVersion: v.string(),
  provideClusterInfo: v.optional(v.boolean()),
})
const list = <T extends v.GenericSchema>(entry: T) => v.optional(v.nullable(v.array(entry)), [])

const CLUSTER = v.object({
  server: v.pipe(v.string(), v.regex(/^https?:\/\/[^\s]+$/)),
  'certificate-authority': text,
  'certificate-authority-data': text,
  'insecure-skip-tls-verify': v.optional(v.boolean(), false),
  'tls-server-name': text,
  'proxy-url': text,
})
const USER = v.object({
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  token: text,
  tokenFile: text,
  username: text,
  password: text,
  exec: v.optional(v.nullable(EXEC)),
  'auth-provider': v.optional(v.unknown()),
})
const CONTEXT = v.object({ cluster: v.string(), user: v.optional(v.string(), ''), namespace: text })
const FILE = v.looseObject({
  clusters: list(v.object({ name: v.string(), cluster: CLUSTER })),
  users: list(v.object({ name: v.string(), user: v.optional(v.nullable(USER)) })),
  contexts: list(v.object({ name: v.string(), context: CONTEXT })),
})

export type ExecPlugin = v.InferOutput<typeof EXEC>

/** One context of a file, with what it takes to log in. Files it names are resolved, not read. */
export interface KubeContext {
  readonly name: string
  readonly path: string
  /** Where its user works, unless told otherwise. */
  readonly namespace: string | undefined
  readonly cluster: v.InferOutput<typeof CLUSTER>
  readonly user: v.InferOutput<typeof USER>
  /** Of the file's content: what was confirmed for one content holds for no other. */
  readonly fileHash: string
}

const FILES = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'] as const

/** Paths in a kubeconfig are relative to its folder. */
function resolved<T extends object>(part: T, folder: string): T {
  const changes: Record<string, string> = {}
  for (const [name, value] of Object.entries(part))
    if ((FILES as readonly string[]).includes(name) && typeof value === 'string' && value)
      changes[name] = resolve(folder, value)
  return { ...part, ...changes }
}

/** @throws Error, without the lines that may hold secrets */
function parsed(path: string, content: string): unknown {
  try {
    return parse(content, { maxAliasCount: 100, prettyErrors: false })
  } catch (error) {
    throw new Error(`${path} is not a kubeconfig: ${(error as Error).message}`)
  }
}

/** @throws Error, in a sentence, when it is not a kubeconfig */
export function readContexts(path: string): KubeContext[] {
  const content = readFileSync(path, 'utf8')
  const fileHash = createHash('sha256').update(content).digest('hex')
  const read = v.safeParse(FILE, parsed(path, content))
  if (!read.success)
    throw new Error(`${path} is not a kubeconfig: ${v.getDotPath(read.issues[0]) ?? 'its form is another'}`)
  const folder = dirname(path)
  const { clusters, users, contexts } = read.output
  return (contexts ?? []).flatMap(({ name, context }) => {
    const found = clusters?.find(entry => entry.name === context.cluster)
    if (!found) return []
    const user = users?.find(entry => entry.name === context.user)?.user ?? {}
    return [
      {
        ...{ name, path, fileHash, namespace: context.namespace || undefined },
        ...{ cluster: resolved(found.cluster, folder), user: resolved(user, folder) },
      },
    ]
  })
}

/** How a context logs in, in a word. */
export function loginKind({ user }: KubeContext): 'exec' | 'token' | 'certificate' | 'password' | 'none' {
  if (user.exec) return 'exec'
  if (user.token || user.tokenFile) return 'token'
  if (user['client-certificate'] || user['client-certificate-data']) return 'certificate'
  return user.username ? 'password' : 'none'
}
