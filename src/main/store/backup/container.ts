// The file of a backup: one line of JSON in the open, then what is to be kept, compressed and encrypted in frames.
//
//   {"flotilla":"backup","format":1,…}\n
//   [length][ciphertext][tag] [length][ciphertext][tag] … the last frame says that it is the last
//
// A frame is sealed under its number, under whether it is the last one, and under the open line: nothing can be cut off,
// exchanged, repeated or relabelled without being noticed.
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { StoreError } from '../contract.ts'
import { isRecipe, masterKey, type MasterKeyRecipe, type MasterSecret, newRecipe } from '../encryption/master-key.ts'
import { codeOf, FILE_MODE } from '../nedb/disk.ts'

const FRAME_BYTES = 256 * 1024
const TAG_BYTES = 16
const LONGEST_HEADER = 4096
const CIPHER = 'aes-256-gcm'
export const BACKUP_FORMAT = 1

/** What can be told about a backup without its passphrase. */
export interface BackupHeader {
  readonly flotilla: 'backup'
  readonly format: number
  /** RFC 3339. */
  readonly createdAt: string
  /** The one revision that the backup shows. */
  readonly revision: number
  /** Of the program. */
  readonly version: string
  /** How the key comes from the passphrase. */
  readonly key: MasterKeyRecipe
}

/** What somebody can remember, or a random key that no other container has or gets. */
export type BackupSecret = string | MasterSecret

const secretOf = (given: BackupSecret): MasterSecret =>
  typeof given === 'string' ? { kind: 'passphrase', passphrase: given } : given

/** What a container is read with. */
export interface ContainerKey {
  readonly key: Buffer
  /** The open line, which every frame is bound to. */
  readonly line: string
}

/** @returns what it can be read with. @throws the system's error; the file is then of no use */
export async function writeContainer(
  path: string,
  about: Pick<BackupHeader, 'createdAt' | 'revision' | 'version'>,
  given: BackupSecret,
  content: AsyncIterable<Buffer>,
): Promise<ContainerKey> {
  const secret = secretOf(given)
  const recipe = newRecipe(secret)
  const header: BackupHeader = { flotilla: 'backup', format: BACKUP_FORMAT, ...about, key: recipe }
  const line = `${JSON.stringify(header)}\n`
  const key = await masterKey(secret, recipe)
  const file = await open(path, 'wx', FILE_MODE)
  try {
    await file.writeFile(line)
    await writeFrames(file, key, line, content)
    await file.sync()
  } finally {
    await file.close()
  }
  return { key, line }
}

async function writeFrames(file: FileHandle, key: Buffer, line: string, content: AsyncIterable<Buffer>): Promise<void> {
  let number = 0
  let waiting: Buffer[] = []
  let bytes = 0
  const flush = async (last: boolean) => {
    const cipher = createCipheriv(CIPHER, key, nonceOf(number)).setAAD(contextOf(line, last))
    const sealed = Buffer.concat([cipher.update(Buffer.concat(waiting)), cipher.final(), cipher.getAuthTag()])
    const length = Buffer.alloc(4)
    length.writeUInt32BE(sealed.length)
    await file.writeFile(Buffer.concat([length, sealed]))
    number++
    waiting = []
    bytes = 0
  }
  await pipeline(content, createGzip({ level: 6 }), async (compressed: AsyncIterable<Buffer>) => {
    for await (const chunk of compressed) {
      waiting.push(chunk)
      bytes += chunk.length
      if (bytes >= FRAME_BYTES) await flush(false)
    }
  })
  await flush(true)
}

/** @throws StoreError `Corrupt` when it is none, `NewerFormat` */
export async function readHeader(path: string): Promise<BackupHeader> {
  return (await splitHeader(path)).header
}

/** Makes the key, which takes a moment from a passphrase. @throws StoreError `Corrupt` | `NewerFormat` */
export async function openContainer(path: string, given: BackupSecret): Promise<ContainerKey> {
  const { header, line } = await splitHeader(path)
  return { key: await masterKey(secretOf(given), header.key), line }
}

/** @throws StoreError `WrongKey` | `Corrupt` */
export async function* readContainer(path: string, { key, line }: ContainerKey): AsyncGenerator<Buffer, void> {
  const frames = readFrames(path, line, key)
  const plain = Readable.from(frames).on('error', error => unzip.destroy(error))
  const unzip = createGunzip()
  try {
    yield* plain.pipe(unzip) as AsyncIterable<Buffer>
  } catch (error) {
    if (error instanceof StoreError) throw error
    throw damaged(path, error)
  } finally {
    plain.destroy()
    unzip.destroy()
  }
}

async function* readFrames(path: string, line: string, key: Buffer): AsyncGenerator<Buffer, void> {
  let rest: Buffer<ArrayBufferLike> = Buffer.alloc(0)
  let number = 0
  let ended = false
  for await (const chunk of createReadStream(path, { start: Buffer.byteLength(line) }) as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 4) {
      const length = rest.readUInt32BE(0)
      if (ended || length < TAG_BYTES || length > 4 * FRAME_BYTES) throw damaged(path)
      if (rest.length < 4 + length) break
      const frame = openFrame(key, number, line, rest.subarray(4, 4 + length))
      if (!frame) {
        if (number === 0) throw new StoreError('WrongKey', `this is not the passphrase of ${path}, or it is damaged`)
        throw damaged(path)
      }
      rest = rest.subarray(4 + length)
      ended = frame.last
      number++
      yield frame.plain
    }
  }
  if (!ended || rest.length > 0) throw damaged(path)
}

function openFrame(key: Buffer, number: number, line: string, sealed: Buffer) {
  for (const last of [false, true]) {
    const decipher = createDecipheriv(CIPHER, key, nonceOf(number), { authTagLength: TAG_BYTES })
      .setAAD(contextOf(line, last))
      .setAuthTag(sealed.subarray(-TAG_BYTES))
    try {
      const plain = Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()])
      return { plain, last }
    } catch {
      // Not with this ending: the other one is tried.
    }
  }
  return undefined
}

async function splitHeader(path: string): Promise<{ header: BackupHeader; line: string }> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    const why = codeOf(cause) === 'ENOENT' ? 'is not there: check the path' : `cannot be read (${codeOf(cause)})`
    throw new StoreError('Corrupt', `${path} ${why}`, { cause })
  })
  try {
    if ((await file.stat()).isDirectory())
      throw new StoreError('Corrupt', `${path} is a folder: give the file of a backup that is in it`)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LONGEST_HEADER), 0, LONGEST_HEADER, 0)
    const end = buffer.subarray(0, bytesRead).indexOf('\n') + 1
    const line = buffer.toString('utf8', 0, end)
    const header = parseHeader(line)
    if (!header) throw new StoreError('Corrupt', `${path} is not a backup of Flotilla`)
    if (header.format > BACKUP_FORMAT)
      throw new StoreError(
        'NewerFormat',
        `${path} was made by Flotilla ${header.version}: use that version or a newer one`,
      )
    return { header, line }
  } finally {
    await file.close()
  }
}

function parseHeader(line: string): BackupHeader | undefined {
  try {
    const header = JSON.parse(line) as BackupHeader
    if (header.flotilla !== 'backup' || !Number.isSafeInteger(header.format)) return undefined
    // A newer format may make its key in another way.
    return header.format > BACKUP_FORMAT || isRecipe(header.key) ? header : undefined
  } catch {
    return undefined
  }
}

/** Each backup has a key of its own, through its salt or because it was made for it: numbers will do. */
function nonceOf(number: number): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt32BE(number, 8)
  return nonce
}

const contextOf = (line: string, last: boolean): Buffer =>
  createHash('sha256')
    .update(line)
    .update(last ? 'last' : 'more')
    .digest()

const damaged = (path: string, cause?: unknown) =>
  new StoreError('Corrupt', `${path} is damaged or cut off: use another backup`, cause ? { cause } : {})
