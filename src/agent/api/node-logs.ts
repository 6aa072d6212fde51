// GET /logs/…: the log files of the machine, as upstream's kubelet serves /var/log. Pods may be allowed to write there:
// what is served is what the open file is, wherever a link that they planted leads.
import { constants } from 'node:fs'
import { type FileHandle, open, readdir, realpath } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { HttpError } from './contract.ts'

export const LOG_FOLDER = '/var/log'

/** @param path what follows `/logs/`, split; it ends with '' where the request ended with a slash */
export async function serveNodeLogs(folder: string, path: readonly string[], response: ServerResponse): Promise<void> {
  const names = path.filter(name => name !== '')
  if (names.some(name => name === '.' || name === '..' || /[/\0]/.test(name)))
    throw new HttpError(400, 'the path is not valid')
  await using file = await openInside(folder, names)
  const stats = await file.stat()
  if (stats.isFile()) {
    const bytes = stats.size
    response.writeHead(200, {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': bytes,
      'X-Content-Type-Options': 'nosniff',
    })
    // Logs grow while they are read: what was announced is sent.
    if (bytes === 0) response.end()
    else await pipeline(file.createReadStream({ start: 0, end: bytes - 1, autoClose: false }), response)
    return
  }
  if (!stats.isDirectory()) throw new HttpError(404, '404 page not found')
  const last = path.at(-1) ?? ''
  if (last !== '') {
    response.writeHead(301, { Location: `${encodeURIComponent(last)}/` }).end()
    return
  }
  const entries = await readdir(pathOf(file), { withFileTypes: true })
  const links = entries
    .map(entry => entry.name + (entry.isDirectory() ? '/' : ''))
    .sort()
    .map(name => `<a href="./${encodeURIComponent(name).replaceAll('%2F', '/')}">${escape(name)}</a>\n`)
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(`<pre>\n${links.join('')}</pre>\n`)
}

const pathOf = ({ fd }: FileHandle): string => `/proc/self/fd/${fd}`

/** @throws HttpError 404, also for what lies elsewhere */
async function openInside(folder: string, names: readonly string[]): Promise<FileHandle> {
  const missing = new HttpError(404, '404 page not found')
  const notFound = () => {
    throw missing
  }
  const root = await realpath(folder).catch(notFound)
  // Not blocking: opening a named pipe would wait for its other end.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK
  const file = await open([root, ...names].join(sep), flags).catch(notFound)
  const is = await realpath(pathOf(file))
  if (is === root || is.startsWith(root + sep)) return file
  await file.close()
  throw missing
}

const escape = (text: string): string => text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
