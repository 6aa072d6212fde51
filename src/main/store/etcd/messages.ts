// The part of etcd's v3 API that the engine speaks: message shapes, their field numbers, and the methods.
//
// The schema stands here as data, so that nothing has to be read from disk at run time. Enums travel as integers,
// 64-bit fields arrive as numbers (revisions are safe integers), bytes as Buffers.
//
// @see https://etcd.io/docs/v3.4/dev-guide/api_reference_v3/
import protobuf from 'protobufjs'

export interface ResponseHeader {
  readonly clusterId: number
  readonly memberId: number
  /** The key-value store's revision when the request was applied. */
  readonly revision: number
}

export interface KeyValue {
  readonly key: Buffer
  readonly createRevision: number
  readonly modRevision: number
  readonly value: Buffer
}

export interface RangeRequest {
  readonly key: Buffer
  /** Exclusive; without it only `key`. */
  readonly rangeEnd?: Buffer
  readonly limit?: number
  /** 0 or undefined: the newest, by quorum. */
  readonly revision?: number
  readonly keysOnly?: boolean
}

export interface RangeResponse {
  readonly header: ResponseHeader
  readonly kvs: readonly KeyValue[]
  readonly more: boolean
}

/** `modRevision` against the stored one; 0 stands for a key that does not exist. */
export interface Compare {
  readonly result: number
  readonly target: number
  readonly key: Buffer
  readonly modRevision: number
}

export const EQUAL = 0
export const GREATER = 1
export const MOD_REVISION = 2

export type RequestOp =
  | { readonly requestRange: RangeRequest }
  | { readonly requestPut: { readonly key: Buffer; readonly value: Buffer; readonly lease?: number } }
  | { readonly requestDeleteRange: { readonly key: Buffer } }

export interface TxnRequest {
  readonly compare: readonly Compare[]
  readonly success: readonly RequestOp[]
  readonly failure: readonly RequestOp[]
}

export interface TxnResponse {
  readonly header: ResponseHeader
  readonly succeeded: boolean
  readonly responses: readonly { readonly responseRange?: RangeResponse }[]
}

export const DELETE_EVENT = 1

export interface WatchEvent {
  /** 0 = put, 1 = delete. */
  readonly type: number
  readonly kv: KeyValue
  readonly prevKv?: KeyValue
}

export interface WatchRequest {
  readonly createRequest: {
    readonly key: Buffer
    readonly rangeEnd: Buffer
    readonly startRevision: number
    readonly prevKv: boolean
  }
}

export interface WatchResponse {
  readonly header: ResponseHeader
  readonly created: boolean
  readonly canceled: boolean
  /** Set when the watch was cancelled because its start revision is compacted away. */
  readonly compactRevision: number
  readonly cancelReason: string
  readonly events: readonly WatchEvent[]
}

export interface AlarmResponse {
  /** `alarm`: 1 = out of space, 2 = corrupt. */
  readonly alarms: readonly { readonly memberId: number; readonly alarm: number }[]
}

const field = (type: string, id: number, rule?: 'repeated') => ({ type, id, ...(rule ? { rule } : {}) })

const schema = protobuf.Root.fromJSON({
  nested: {
    ResponseHeader: {
      fields: { clusterId: field('uint64', 1), memberId: field('uint64', 2), revision: field('int64', 3) },
    },
    KeyValue: {
      fields: {
        key: field('bytes', 1),
        createRevision: field('int64', 2),
        modRevision: field('int64', 3),
        value: field('bytes', 5),
      },
    },
    RangeRequest: {
      fields: {
        key: field('bytes', 1),
        rangeEnd: field('bytes', 2),
        limit: field('int64', 3),
        revision: field('int64', 4),
        keysOnly: field('bool', 8),
      },
    },
    RangeResponse: {
      fields: { header: field('ResponseHeader', 1), kvs: field('KeyValue', 2, 'repeated'), more: field('bool', 3) },
    },
    PutRequest: { fields: { key: field('bytes', 1), value: field('bytes', 2), lease: field('int64', 3) } },
    DeleteRangeRequest: { fields: { key: field('bytes', 1) } },
    RequestOp: {
      oneofs: { request: { oneof: ['requestRange', 'requestPut', 'requestDeleteRange'] } },
      fields: {
        requestRange: field('RangeRequest', 1),
        requestPut: field('PutRequest', 2),
        requestDeleteRange: field('DeleteRangeRequest', 3),
      },
    },
    ResponseOp: { fields: { responseRange: field('RangeResponse', 1) } },
    Compare: {
      oneofs: { targetUnion: { oneof: ['modRevision'] } },
      fields: {
        result: field('int32', 1),
        target: field('int32', 2),
        key: field('bytes', 3),
        modRevision: field('int64', 6),
      },
    },
    TxnRequest: {
      fields: {
        compare: field('Compare', 1, 'repeated'),
        success: field('RequestOp', 2, 'repeated'),
        failure: field('RequestOp', 3, 'repeated'),
      },
    },
    TxnResponse: {
      fields: {
        header: field('ResponseHeader', 1),
        succeeded: field('bool', 2),
        responses: field('ResponseOp', 3, 'repeated'),
      },
    },
    CompactionRequest: { fields: { revision: field('int64', 1), physical: field('bool', 2) } },
    CompactionResponse: { fields: { header: field('ResponseHeader', 1) } },
    WatchCreateRequest: {
      fields: {
        key: field('bytes', 1),
        rangeEnd: field('bytes', 2),
        startRevision: field('int64', 3),
        prevKv: field('bool', 6),
      },
    },
    WatchRequest: { fields: { createRequest: field('WatchCreateRequest', 1) } },
    Event: { fields: { type: field('int32', 1), kv: field('KeyValue', 2), prevKv: field('KeyValue', 3) } },
    WatchResponse: {
      fields: {
        header: field('ResponseHeader', 1),
        created: field('bool', 3),
        canceled: field('bool', 4),
        compactRevision: field('int64', 5),
        cancelReason: field('string', 6),
        events: field('Event', 11, 'repeated'),
      },
    },
    LeaseGrantRequest: { fields: { TTL: field('int64', 1), ID: field('int64', 2) } },
    LeaseGrantResponse: { fields: { ID: field('int64', 2), TTL: field('int64', 3) } },
    AuthenticateRequest: { fields: { name: field('string', 1), password: field('string', 2) } },
    AuthenticateResponse: { fields: { token: field('string', 2) } },
    StatusRequest: { fields: {} },
    StatusResponse: { fields: { version: field('string', 2), dbSize: field('int64', 3) } },
    AlarmRequest: { fields: { action: field('int32', 1) } },
    AlarmMember: { fields: { memberId: field('uint64', 1), alarm: field('int32', 2) } },
    AlarmResponse: { fields: { alarms: field('AlarmMember', 2, 'repeated') } },
  },
})

/** A method of etcd's gRPC services with the two codecs that a call needs. */
export interface Method<Request, Response> {
  readonly path: string
  encode(request: Request): Buffer
  decode(bytes: Buffer): Response
}

function method<Request extends object, Response>(path: string, request: string, response: string) {
  const requestType = schema.lookupType(request)
  const responseType = schema.lookupType(response)
  return {
    path: `/etcdserverpb.${path}`,
    encode: (message: Request) => Buffer.from(requestType.encode(requestType.fromObject(message)).finish()),
    decode: (bytes: Buffer) =>
      responseType.toObject(responseType.decode(bytes), { longs: Number, defaults: true, arrays: true }) as Response,
  } satisfies Method<Request, Response>
}

export const rangeMethod = method<RangeRequest, RangeResponse>('KV/Range', 'RangeRequest', 'RangeResponse')
export const txnMethod = method<TxnRequest, TxnResponse>('KV/Txn', 'TxnRequest', 'TxnResponse')
export const compactMethod = method<{ revision: number; physical: boolean }, { header: ResponseHeader }>(
  'KV/Compact',
  'CompactionRequest',
  'CompactionResponse',
)
export const watchMethod = method<WatchRequest, WatchResponse>('Watch/Watch', 'WatchRequest', 'WatchResponse')
/** `TTL` in seconds; `ID` is the caller's choice. */
export const grantLeaseMethod = method<{ TTL: number; ID: number }, { TTL: number }>(
  'Lease/LeaseGrant',
  'LeaseGrantRequest',
  'LeaseGrantResponse',
)
export const authenticateMethod = method<{ name: string; password: string }, { token: string }>(
  'Auth/Authenticate',
  'AuthenticateRequest',
  'AuthenticateResponse',
)
/** `action` 0 = list the alarms. */
export const alarmMethod = method<{ action: number }, AlarmResponse>(
  'Maintenance/Alarm',
  'AlarmRequest',
  'AlarmResponse',
)
export const statusMethod = method<object, { version: string; dbSize: number }>(
  'Maintenance/Status',
  'StatusRequest',
  'StatusResponse',
)
