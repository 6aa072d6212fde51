// `flotilla user activity`: what people did, in sentences, out of what the server writes down about them.
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { PEOPLE_LOG } from '../../apiserver/audit/people.ts'
import { dataDirLayout } from '../../data-folder/data-dir.ts'
import { readMark } from '../../move/mark.ts'
import { CommandError, UsageError } from '../../process/usage-error.ts'

export interface AuditEvent {
  readonly verb: string
  readonly requestURI: string
  readonly user: { readonly username: string }
  readonly impersonatedUser?: { readonly username: string }
  readonly objectRef?: {
    readonly resource: string
    readonly namespace?: string
    readonly name?: string
    readonly subresource?: string
  }
  readonly responseStatus?: { readonly code?: number; readonly message?: string }
  readonly sourceIPs?: readonly string[]
  readonly stageTimestamp: string
}

/** By subresource, then by verb: something that was done, and the same as something that was wanted. */
const WORDS: Readonly<Record<string, readonly [done: string, wanted: string]>> = {
  'pods/exec': ['ran a program in', 'run a program in'],
  'pods/attach': ['attached to', 'attach to'],
  'pods/portforward': ['opened a port of', 'open a port of'],
  'pods/eviction': ['evicted', 'evict'],
  'pods/ephemeralcontainers': ['put a debug container into', 'put a debug container into'],
  'serviceaccounts/token': ['made a token for', 'make a token for'],
  proxy: ['spoke through the API server to', 'speak through the API server to'],
  scale: ['scaled', 'scale'],
  status: ['changed the status of', 'change the status of'],
  approval: ['approved or denied', 'approve or deny'],
  create: ['created', 'create'],
  update: ['replaced', 'replace'],
  patch: ['changed', 'change'],
  delete: ['deleted', 'delete'],
  deletecollection: ['deleted all', 'delete all'],
  get: ['read', 'read'],
  list: ['listed all', 'list all'],
  watch: ['followed all', 'follow all'],
}

/** Of other people's making: nothing that a terminal takes for more than text. */
const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ')

/** @returns "ada deleted pods/web in shop", or what she was refused, and why */
export function sentenceOf(event: AuditEvent): string {
  const { user, impersonatedUser, objectRef, verb, requestURI, responseStatus } = event
  const { resource = '', namespace, name, subresource = '' } = objectRef ?? {}
  const words = WORDS[`${resource}/${subresource}`] ?? (subresource ? WORDS[subresource] : undefined) ?? WORDS[verb]
  const [done, wanted] = words ?? [verb, verb]
  const target = objectRef
    ? `${resource}${name ? `/${name}` : ''}${words || !subresource ? '' : ` (${subresource})`}${namespace ? ` in ${namespace}` : ''}`
    : (requestURI.split('?')[0] ?? '')
  const who = impersonatedUser ? `${user.username}, as ${impersonatedUser.username},` : user.username
  const { code = 0, message } = responseStatus ?? {}
  if (code >= 400)
    return printable(`${who} wanted to ${wanted} ${target}, and was refused: ${message ?? `status ${code}`}`)
  const isDryRun = /[?&]dryRun=/.test(requestURI)
  return printable(`${who} ${isDryRun ? `tried what it would be to ${wanted}` : done} ${target}`)
}

/** @param name default: everybody */
export async function activity(
  name: string | undefined,
  flags: { readonly dataDir: string; readonly limit: string; readonly output: string },
): Promise<void> {
  const limit = Number(flags.limit)
  if (!Number.isInteger(limit) || limit < 1) throw new UsageError(`--limit wants a number from 1, not "${flags.limit}"`)
  const dataDir = resolve(flags.dataDir)
  const moved = readMark(dataDir)
  if (moved) throw new CommandError(`what people do is written down where the control plane is: on ${moved.to}`)
  const events = (await eventsIn(dataDirLayout(dataDir).logs)).filter(
    ({ user, impersonatedUser }) => name === undefined || [user.username, impersonatedUser?.username].includes(name),
  )
  const newest = events.slice(-limit)
  if (flags.output === 'json') return console.log(JSON.stringify(newest, null, 2))
  for (const event of newest) {
    const from = event.sourceIPs?.[0]
    console.log(
      `${event.stageTimestamp.slice(0, 19)}Z  ${sentenceOf(event)}${from ? ` (from ${printable(from)})` : ''}`,
    )
  }
  if (newest.length === 0) console.log(name === undefined ? 'nobody did anything' : `nothing by ${name}`)
}

/** Oldest first, files that were put aside before the one that is written. */
async function eventsIn(folder: string): Promise<AuditEvent[]> {
  const stem = PEOPLE_LOG.replace(/\.log$/, '')
  const names = (await readdir(folder).catch(() => [])).filter(name => name.startsWith(`${stem}-`)).sort()
  const texts = await Promise.all(
    [...names, PEOPLE_LOG].map(name => readFile(join(folder, name), 'utf8').catch(() => '')),
  )
  return texts.flatMap(text => text.split('\n').filter(Boolean)).flatMap(eventOf)
}

/** A line that is being written, or at which the power was cut, is none yet. */
function eventOf(line: string): AuditEvent[] {
  try {
    return [JSON.parse(line) as AuditEvent]
  } catch {
    return []
  }
}
