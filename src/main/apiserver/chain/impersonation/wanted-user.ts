// Whom the headers of a request ask to act as, taken as they are.
import { badRequest } from '../../../../shared/machinery/status.ts'
import type { ApiRequest, UserInfo } from '../../request.ts'

const EXTRA_PREFIX = 'impersonate-extra-'

const valuesOf = (header: string | undefined) => (header === undefined ? [] : header.split('\n'))

/** A key that cannot be decoded is taken as it was sent. */
function extraKey(header: string): string {
  const sent = header.slice(EXTRA_PREFIX.length).toLowerCase()
  try {
    return decodeURIComponent(sent)
  } catch {
    return sent
  }
}

/** Hardly any request does: nothing is taken apart for the others. */
function asksForSomebody(headers: ApiRequest['headers']): boolean {
  for (const name in headers) if (name.startsWith('impersonate-')) return true
  return false
}

/** As Go prints it, which is what clients are told. */
function goText({ name, uid = '', groups, extra }: UserInfo): string {
  const quoted = (text: string) => JSON.stringify(text)
  const list = (texts: readonly string[]) => `{${texts.map(quoted).join(', ')}}`
  const entries = Object.entries(extra ?? {}).map(([key, values]) => `${quoted(key)}:[]string${list(values)}`)
  const some = groups.length > 0 ? `[]string${list(groups)}` : '[]string(nil)'
  const map = extra ? `map[string][]string{${entries.join(', ')}}` : 'map[string][]string(nil)'
  return `&user.DefaultInfo{Name:${quoted(name)}, UID:${quoted(uid)}, Groups:${some}, Extra:${map}}`
}

/**
 * @returns undefined when nobody is asked for
 * @throws ApiError 400 for headers that name no user
 */
export function wantedUser(headers: ApiRequest['headers']): UserInfo | undefined {
  if (!asksForSomebody(headers)) return undefined
  // An empty header asks for nobody.
  const uid = headers['impersonate-uid'] || undefined
  const extra: Record<string, string[]> = Object.create(null) as Record<string, string[]>
  for (const header in headers)
    if (header.startsWith(EXTRA_PREFIX)) (extra[extraKey(header)] ??= []).push(...valuesOf(headers[header]))
  const wanted: UserInfo = {
    name: headers['impersonate-user'] ?? '',
    groups: valuesOf(headers['impersonate-group']),
    ...(uid === undefined ? {} : { uid }),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  }
  if (wanted.name) return wanted
  if (wanted.groups.length > 0 || wanted.uid || wanted.extra)
    throw badRequest(`requested ${goText(wanted)} without impersonating a user name`)
  return undefined
}
