// The window in a browser: login, logout and session under `/ui/`, and the built renderer's files.
import { createHash } from 'node:crypto'
import { readFile, realpath } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { ApiError } from '../../../shared/machinery/status.ts'
import { assertOwnOrigin, sessionCookie, type Sessions } from '../authn/session.ts'
import type { ApiResponse } from '../request.ts'
import { contentPolicy, pageWithNonce, styleNonce } from '../../window-page.ts'

export interface UiRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | undefined>>
  /** @throws ApiError 413 for more bytes than these: nobody has logged in yet */
  readonly body: (maxBytes: number) => Promise<Buffer>
}

export interface Ui {
  /** @returns undefined when the path is not the window's */
  answer(request: UiRequest): Promise<ApiResponse | undefined>
}

/** Whether the window has to be asked; most requests are the API's. */
export const mayBePage = (path: string): boolean => path === '/' || path === '/ui' || path.startsWith('/ui/')

export interface UiOptions {
  /** The built renderer; undefined = only login and session are served. */
  readonly dir: string | undefined
  readonly sessions: Sessions
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.map': 'application/json',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
}

const pageHeaders = (nonce: string) => ({
  'content-security-policy': contentPolicy(
    nonce,
    "worker-src 'self' blob:",
    "manifest-src 'self'",
    "form-action 'self'",
  ),
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
})
/** Vite puts a hash of the content into the names of assets. */
const HASHED = /-[\w-]{8,}\.\w+$/
const MAX_LOGIN_BYTES = 4096

const cookie = ({ headers }: UiRequest, value: string, maxAgeSeconds: number) =>
  `${sessionCookie(headers)}=${value}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}`

const failure = (code: number, reason: string, message: string): ApiResponse => ({
  code,
  object: new ApiError(code, reason, message).status,
})

/** The token as JSON `{"token":…}` or as a form field. */
function tokenIn(body: Buffer): string {
  const text = body.toString('utf8')
  try {
    const value = JSON.parse(text) as unknown
    const token = typeof value === 'object' && value !== null && 'token' in value ? value.token : undefined
    return typeof token === 'string' ? token : ''
  } catch {
    return new URLSearchParams(text).get('token') ?? ''
  }
}

export function createUi({ dir, sessions }: UiOptions): Ui {
  /** @returns undefined when there is no such file inside the folder */
  async function file(relative: string): Promise<{ path: string; bytes: Buffer } | undefined> {
    if (dir === undefined || relative.includes('\0')) return undefined
    try {
      const root = await realpath(dir)
      const path = await realpath(join(root, relative))
      // Links and dot segments may not lead out of the folder.
      if (!path.startsWith(root + sep)) return undefined
      return { path, bytes: await readFile(path) }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined
      throw error
    }
  }

  async function page(request: UiRequest, relative: string): Promise<ApiResponse> {
    const asked = relative === '' ? undefined : await file(relative)
    // A path without a file is a place inside the window: its router knows it.
    const found = asked ?? (extname(relative) === '' ? await file('index.html') : undefined)
    if (!found)
      return failure(404, 'NotFound', dir === undefined ? 'this server has no window to show' : 'there is no such file')
    const type = TYPES[extname(found.path)] ?? 'application/octet-stream'
    const nonce = styleNonce()
    if (extname(found.path) === '.html') {
      // A kept page would bring a nonce that its policy no longer names.
      const headers = { ...pageHeaders(nonce), 'cache-control': 'no-store' }
      return { code: 200, headers, bytes: pageWithNonce(found.bytes, nonce), contentType: type }
    }
    const etag = `"${createHash('sha256').update(found.bytes).digest('base64url').slice(0, 22)}"`
    const headers = {
      ...pageHeaders(nonce),
      etag,
      'cache-control': HASHED.test(found.path) ? 'public, max-age=31536000, immutable' : 'no-cache',
    }
    if (request.headers['if-none-match'] === etag)
      return { code: 304, headers, bytes: Buffer.alloc(0), contentType: type }
    return { code: 200, headers, bytes: found.bytes, contentType: type }
  }

  async function login(request: UiRequest): Promise<ApiResponse> {
    assertOwnOrigin({ headers: request.headers, isUpgrade: false })
    const opened = sessions.login(tokenIn(await request.body(MAX_LOGIN_BYTES)))
    if (!opened) return failure(401, 'Unauthorized', 'this login link was used before or is older than five minutes')
    const { name, groups } = opened.user
    return {
      code: 200,
      headers: { 'set-cookie': cookie(request, opened.cookie, 7 * 24 * 3600) },
      object: { user: { name, groups } },
    }
  }

  function logout(request: UiRequest): ApiResponse {
    assertOwnOrigin({ headers: request.headers, isUpgrade: false })
    sessions.logout(request.headers)
    const headers = { 'set-cookie': cookie(request, '', 0), 'clear-site-data': '"cache", "storage"' }
    return { code: 200, headers, object: {} }
  }

  function session(request: UiRequest): ApiResponse {
    const user = sessions.userOf(request.headers)
    if (!user) return failure(401, 'Unauthorized', 'nobody is logged in')
    assertOwnOrigin({ headers: request.headers, isUpgrade: false })
    return { code: 200, object: { user: { name: user.name, groups: user.groups } } }
  }

  return {
    async answer(request) {
      const { method, path, headers } = request
      const reading = method === 'GET' || method === 'HEAD'
      if (path === '/' && reading && headers.accept?.includes('text/html'))
        return { code: 302, headers: { location: '/ui/' }, bytes: Buffer.alloc(0), contentType: 'text/plain' }
      if (path === '/ui')
        return { code: 308, headers: { location: '/ui/' }, bytes: Buffer.alloc(0), contentType: 'text/plain' }
      if (!path.startsWith('/ui/')) return undefined
      if (path === '/ui/login' && method === 'POST') return login(request)
      if (path === '/ui/logout' && method === 'POST') return logout(request)
      if (path === '/ui/session' && reading) return session(request)
      if (!reading) return failure(405, 'MethodNotAllowed', 'the window is only read')
      let relative: string
      try {
        relative = decodeURIComponent(path.slice('/ui/'.length))
      } catch {
        return failure(400, 'BadRequest', 'the path cannot be decoded')
      }
      return page(request, relative)
    },
  }
}
