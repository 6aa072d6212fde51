// DNS messages on the wire: answers with compressed owner names (clients without EDNS have 512 bytes), and changes
// to answers of other servers that keep their bytes.
// @see RFC 1035 section 4, RFC 6891 (EDNS)
import dnsPacket, { type Record } from 'dns-packet'

export const RCODE = { noError: 0, formErr: 1, servFail: 2, nxDomain: 3, notImp: 4, refused: 5 } as const

const HEADER_BYTES = 12
const FLAG_QR = 0x8000
const FLAG_AA = 0x0400
const FLAG_TC = 0x0200
const FLAG_RD = 0x0100
const FLAG_RA = 0x0080
const TYPE_OPT = 41
/** What we announce, and send at most over UDP: fits every link without fragments (DNS flag day 2020). */
export const UDP_PAYLOAD_BYTES = 1232
const MIN_UDP_BYTES = 512
export const MAX_TCP_BYTES = 65_535

const TYPE_CODES: Readonly<{ [type: string]: number }> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
}

/** A query with what is needed to answer it. */
export interface Query {
  readonly id: number
  readonly name: string
  readonly type: string
  readonly recursionDesired: boolean
  /** The question's bytes, to be repeated in the answer. */
  readonly question: Buffer
  /** Undefined when the client does not speak EDNS. */
  readonly edns: { readonly payloadBytes: number; readonly dnssecOk: boolean } | undefined
}

export type ParsedQuery =
  | { readonly query: Query }
  /** `reply` is the error to send; undefined = say nothing. */
  | { readonly reply: Buffer | undefined }

export function parseQuery(message: Buffer): ParsedQuery {
  if (message.length < HEADER_BYTES || (message.readUInt16BE(2) & FLAG_QR) !== 0) return { reply: undefined }
  const refuse = (rcode: number) => ({ reply: errorReply(message, rcode) })
  if (((message.readUInt16BE(2) >> 11) & 0xf) !== 0) return refuse(RCODE.notImp)
  // Counted before decoding: the decoder makes room for as many records as the header claims.
  const counts = [4, 6, 8, 10].map(offset => message.readUInt16BE(offset))
  if (counts[0] !== 1 || counts[1] !== 0 || counts[2] !== 0 || (counts[3] ?? 0) > 2) return refuse(RCODE.formErr)
  try {
    const { id = 0, flag_rd, questions, additionals } = dnsPacket.decode(message)
    const [question] = questions
    if (!question) return refuse(RCODE.formErr)
    if (question.class !== 'IN') return refuse(RCODE.refused)
    const opt = additionals.find(record => record.type === 'OPT')
    const edns =
      opt && 'udpPayloadSize' in opt
        ? { payloadBytes: Math.max(MIN_UDP_BYTES, opt.udpPayloadSize), dnssecOk: opt.flag_do ?? false }
        : undefined
    const bytes = message.subarray(HEADER_BYTES, skipName(message, HEADER_BYTES) + 4)
    return {
      query: { id, name: question.name, type: question.type, recursionDesired: flag_rd, question: bytes, edns },
    }
  } catch {
    return refuse(RCODE.formErr)
  }
}

function errorReply(message: Buffer, rcode: number): Buffer {
  const reply = Buffer.alloc(HEADER_BYTES)
  message.copy(reply, 0, 0, 2)
  reply.writeUInt16BE(FLAG_QR | (message.readUInt16BE(2) & (0x7800 | FLAG_RD)) | FLAG_RA | rcode, 2)
  return reply
}

export const udpLimit = (query: Query): number => Math.min(query.edns?.payloadBytes ?? MIN_UDP_BYTES, UDP_PAYLOAD_BYTES)

export interface Reply {
  readonly rcode: number
  readonly authoritative: boolean
  readonly answers: readonly Record[]
  readonly authorities: readonly Record[]
  readonly additionals: readonly Record[]
}

/** @param limit bytes; additional records are left out first, then answers with the truncation flag set. */
export function encodeReply(query: Query, reply: Reply, limit: number): Buffer {
  const opt = query.edns ? [encodeOpt(query.edns.dnssecOk)] : []
  const fixedBytes = HEADER_BYTES + query.question.length + sum(opt)
  const owner = query.name.toLowerCase()
  const encodeAll = (records: readonly Record[]) => records.map(record => encodeRecord(record, owner))
  let answers = encodeAll(reply.answers)
  let authorities = encodeAll(reply.authorities)
  let additionals = encodeAll(reply.additionals)
  const bytes = () => fixedBytes + sum(answers) + sum(authorities) + sum(additionals)
  if (bytes() > limit) additionals = []
  let isTruncated = false
  while (bytes() > limit && answers.length + authorities.length > 0) {
    isTruncated = true
    if (authorities.length > 0) authorities = []
    else answers = answers.slice(0, -1)
  }
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt16BE(query.id, 0)
  header.writeUInt16BE(
    FLAG_QR |
      (reply.authoritative ? FLAG_AA : 0) |
      (isTruncated ? FLAG_TC : 0) |
      (query.recursionDesired ? FLAG_RD : 0) |
      FLAG_RA |
      reply.rcode,
    2,
  )
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(answers.length, 6)
  header.writeUInt16BE(authorities.length, 8)
  header.writeUInt16BE(additionals.length + opt.length, 10)
  return Buffer.concat([header, query.question, ...answers, ...authorities, ...additionals, ...opt])
}

const sum = (parts: readonly Buffer[]): number => parts.reduce((total, { length }) => total + length, 0)

function encodeRecord({ name, type, ttl = 0, data }: Record, owner: string): Buffer {
  // 0xc00c points at the question's name, which most records repeat.
  const ownerName = name.toLowerCase() === owner ? Buffer.from([0xc0, HEADER_BYTES]) : dnsPacket.name.encode(name)
  const fixed = Buffer.alloc(8)
  fixed.writeUInt16BE(TYPE_CODES[type] ?? 0, 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt32BE(ttl, 4)
  return Buffer.concat([ownerName, fixed, dnsPacket.record(type).encode(data)])
}

function encodeOpt(dnssecOk: boolean): Buffer {
  const opt = Buffer.alloc(11)
  opt.writeUInt16BE(TYPE_OPT, 1)
  opt.writeUInt16BE(UDP_PAYLOAD_BYTES, 3)
  opt.writeUInt16BE(dnssecOk ? 0x8000 : 0, 7)
  return opt
}

/** @returns the question to send to another server, asking for recursion. */
export function encodeQuestion(id: number, { question, edns }: Pick<Query, 'question' | 'edns'>): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt16BE(id, 0)
  header.writeUInt16BE(FLAG_RD, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(1, 10)
  return Buffer.concat([header, question, encodeOpt(edns?.dnssecOk ?? false)])
}

/** Another server's answer, with what is needed to give it to other clients later. */
export interface Answer {
  readonly message: Buffer
  readonly rcode: number
  readonly isTruncated: boolean
  /** Smallest TTL; for negative answers that of the authority record. Undefined = must not be kept. */
  readonly ttlSeconds: number | undefined
  readonly ttlOffsets: readonly number[]
  /** Where the OPT record starts when it is the last one. */
  readonly optOffset: number | undefined
}

/** @throws Error or RangeError when the message is malformed or does not answer the question. */
export function parseAnswer(message: Buffer, id: number, question: Buffer): Answer {
  const flags = message.readUInt16BE(2)
  const isAnswer = message.readUInt16BE(0) === id && (flags & FLAG_QR) !== 0 && message.readUInt16BE(4) === 1
  let offset = skipName(message, HEADER_BYTES) + 4
  if (!isAnswer || !sameQuestion(message.subarray(HEADER_BYTES, offset), question)) throw new Error('not our answer')
  const answers = message.readUInt16BE(6)
  const authorities = message.readUInt16BE(8)
  const total = answers + authorities + message.readUInt16BE(10)
  const ttlOffsets: number[] = []
  let ttlSeconds: number | undefined
  let optOffset: number | undefined
  for (let index = 0; index < total; index++) {
    const start = offset
    offset = skipName(message, offset)
    const type = message.readUInt16BE(offset)
    const dataBytes = message.readUInt16BE(offset + 8)
    if (type === TYPE_OPT) optOffset = index === total - 1 ? start : undefined
    else {
      ttlOffsets.push(offset + 4)
      const ttl = message.readUInt32BE(offset + 4)
      // The authority's last field says how long a negative answer holds (RFC 2308).
      const isAuthority = type === 6 && index >= answers && dataBytes >= 4
      const own = isAuthority ? Math.min(ttl, message.readUInt32BE(offset + 10 + dataBytes - 4)) : ttl
      if (index < answers + authorities) ttlSeconds = Math.min(ttlSeconds ?? own, own)
    }
    offset += 10 + dataBytes
  }
  if (offset > message.length) throw new RangeError('the message ends early')
  const isTruncated = (flags & FLAG_TC) !== 0
  return { message, rcode: flags & 0xf, isTruncated, ttlSeconds, ttlOffsets, optOffset }
}

/** @returns the answer for this client: its id, its spelling of the name, TTLs less the time it was kept. */
export function replyFrom(answer: Answer, query: Query, ageSeconds: number, limit: number): Buffer {
  const end = !query.edns && answer.optOffset !== undefined ? answer.optOffset : answer.message.length
  if (end > limit) {
    const cut = encodeReply(query, { ...emptyReply, rcode: answer.rcode }, limit)
    cut.writeUInt16BE(cut.readUInt16BE(2) | FLAG_TC, 2)
    return cut
  }
  const reply = Buffer.from(answer.message.subarray(0, end))
  reply.writeUInt16BE(query.id, 0)
  const flags = reply.readUInt16BE(2) & ~(FLAG_AA | FLAG_RD)
  reply.writeUInt16BE(flags | FLAG_RA | (query.recursionDesired ? FLAG_RD : 0), 2)
  query.question.copy(reply, HEADER_BYTES)
  if (end !== answer.message.length) reply.writeUInt16BE(reply.readUInt16BE(10) - 1, 10)
  for (const offset of answer.ttlOffsets)
    reply.writeUInt32BE(Math.max(0, reply.readUInt32BE(offset) - ageSeconds), offset)
  return reply
}

export const emptyReply: Reply = { rcode: 0, authoritative: false, answers: [], authorities: [], additionals: [] }

/** Equal but for the case of letters. */
const sameQuestion = (a: Buffer, b: Buffer): boolean =>
  a.length === b.length && a.toString('latin1').toLowerCase() === b.toString('latin1').toLowerCase()

/** @returns the offset behind the name. @throws RangeError when the message ends before */
function skipName(message: Buffer, start: number): number {
  let offset = start
  for (;;) {
    const length = message.readUInt8(offset)
    if (length === 0) return offset + 1
    if (length >= 0xc0) return offset + 2
    offset += 1 + length
  }
}

/** @returns the same question about another name, as if the client had asked it. */
export function questionFor(name: string, query: Query): Query {
  const tail = query.question.subarray(query.question.length - 4)
  return { ...query, name, question: Buffer.concat([dnsPacket.name.encode(name), tail]) }
}

/** @returns the answer records, to be put into an answer of our own. */
export function recordsOf({ message, rcode }: Answer, ageSeconds: number): Record[] {
  if (rcode !== RCODE.noError) return []
  return dnsPacket
    .decode(message)
    .answers.flatMap(record =>
      'udpPayloadSize' in record || !(record.type in TYPE_CODES)
        ? []
        : [{ ...record, ttl: Math.max(0, (record.ttl ?? 0) - ageSeconds) }],
    )
}
