// GET /logs/…: the log files of the machine, as upstream's kubelet serves /var/log. Pods may be allowed to write there:
// what is served is what the open file is, wherever a link that they planted leads.
import { constants } from 'node:fs'
import { type FileHandle, open, readdir, readlink, realpath } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { HttpError } from './contract.ts'

/** Of Linux; Node does not name it. */
const O_PATH = 0o10000000

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
    if (bytes === 0) return void response.end()
    const content = file.createReadStream({ start: 0, end: bytes - 1, autoClose: false })
    await pipeline(content, response, { end: false })
    // It was cut meanwhile: whoever reads would wait for the rest.
    if (content.bytesRead < bytes) response.destroy()
    else response.end()
    return
  }
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
  // First without opening what it is: that blocks at a named pipe, and devices act upon it.
  await using found = await open([root, ...names].join(sep), O_PATH).catch(notFound)
  const is = await readlink(pathOf(found))
  const stats = await found.stat()
  if (is !== root && !is.startsWith(root + sep)) throw missing
  if (!stats.isFile() && !stats.isDirectory()) throw missing
  // Awaited here: `found` is closed when this ends, and its number may be another file then.
  return await open(pathOf(found), constants.O_RDONLY).catch(notFound)
}

const escape = (text: string): string => text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
