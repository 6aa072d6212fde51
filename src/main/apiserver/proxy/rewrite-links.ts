// Pages that come through a proxy: links to the root of what answers lead back through the proxy.
// @see https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/
import type { IncomingHttpHeaders } from 'node:http'
import { type Readable, Transform, pipeline } from 'node:stream'
import { createDeflate, createGunzip, createGzip, createInflate } from 'node:zlib'

/** Which attributes of which elements hold an address (HTML Living Standard, "Attributes", value "Valid URL"). */
const LINKS: Readonly<Partial<Record<string, readonly string[]>>> = {
  a: ['href'],
  area: ['href'],
  audio: ['src'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['src', 'longdesc'],
  iframe: ['src', 'longdesc'],
  img: ['src', 'longdesc', 'usemap'],
  input: ['src', 'formaction', 'usemap'],
  ins: ['cite'],
  link: ['href'],
  object: ['data', 'codebase', 'classid', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  track: ['src'],
  video: ['src', 'poster'],
}

/** `/x` → `<prefix>/x`. Relative links work as they are; those of other hosts and those that have the prefix stay. */
export const behindProxy = (link: string, prefix: string): string =>
  !link.startsWith('/') || link.startsWith('//') || link === prefix || link.startsWith(`${prefix}/`)
    ? link
    : `${prefix}${link}`

/** The encodings of a body that can be undone and done again on the way. */
const ENCODINGS: Readonly<Partial<Record<string, () => { decode: Transform; encode: Transform }>>> = {
  gzip: () => ({ decode: createGunzip(), encode: createGzip() }),
  deflate: () => ({ decode: createInflate(), encode: createDeflate() }),
}

const isPage = (contentType: string | undefined) => contentType?.split(';')[0]?.trim().toLowerCase() === 'text/html'

/**
 * @param answer a body, with its headers `content-type` and `content-encoding`
 * @returns the body with its links rewritten; the same one when it is no page or its encoding is not known
 */
export async function rewriteLinks(
  answer: Readable,
  { 'content-type': contentType, 'content-encoding': encoding = '' }: IncomingHttpHeaders,
  prefix: string,
): Promise<Readable> {
  const coding = ENCODINGS[encoding]
  if (!isPage(contentType) || (encoding !== '' && !coding)) return answer
  const { decode, encode } = coding?.() ?? {}
  const links = await rewriter(prefix)
  // Latin-1 in and out: every byte keeps its value, whatever the page is written in.
  ;(decode ?? answer).setEncoding('latin1')
  const steps = [answer, ...(decode ? [decode] : []), links, toBytes(), ...(encode ? [encode] : [])]
  // Whoever reads the last step sees the error of any of them.
  return pipeline(steps, () => undefined) as unknown as Readable
}

/** The library is loaded for the first page: most servers never see one. */
async function rewriter(prefix: string): Promise<Transform> {
  const { RewritingStream } = await import('parse5-html-rewriting-stream')
  const stream = new RewritingStream()
  stream.on('startTag', (tag, source) => {
    const links = tag.attrs.filter(({ name }) => LINKS[tag.tagName]?.includes(name))
    const changed = links.filter(link => behindProxy(link.value, prefix) !== link.value)
    for (const link of changed) link.value = behindProxy(link.value, prefix)
    if (changed.length > 0) stream.emitStartTag(tag)
    else stream.emitRaw(source)
  })
  return stream
}

const toBytes = () =>
  new Transform({
    decodeStrings: false,
    transform: (chunk: string, _encoding, done) => done(null, Buffer.from(chunk, 'latin1')),
  })
