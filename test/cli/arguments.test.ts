import { describe, expect, it } from 'vitest'
import { parseStoreChoice } from '../../src/main/cli/store-choice.ts'
import { parseListenAddress } from '../../src/main/addresses/listen-address.ts'
import { localNodeName } from '../../src/main/local-node/detect.ts'

describe('parseListenAddress()', () => {
  it.each([
    ['127.0.0.1:6443', { host: '127.0.0.1', port: 6443 }],
    ['[::1]:0', { host: '::1', port: 0 }],
    ['box.lan:65535', { host: 'box.lan', port: 65535 }],
  ])('accepts %s', (text, expected) => {
    expect(parseListenAddress(text)).toEqual(expected)
  })
  it.each(['', '6443', '127.0.0.1', 'a b:1', '127.0.0.1:65536', 'host:-1', '::1:6443'])(
    'refuses "%s" and says what it wants',
    text => {
      expect(() => parseListenAddress(text)).toThrow(/--listen wants HOST:PORT/)
    },
  )
})

describe('parseStoreChoice()', () => {
  it('accepts nedb', () => {
    expect(parseStoreChoice('nedb')).toEqual({ engine: 'nedb' })
  })
  it('accepts several etcd endpoints', () => {
    expect(parseStoreChoice('etcd=https://a:2379,https://b:2379')).toEqual({
      engine: 'etcd',
      endpoints: ['https://a:2379', 'https://b:2379'],
    })
  })
  it('takes the files and the user for etcd with it, and ignores them for nedb', () => {
    const flags = { etcdCa: 'ca.pem', etcdCert: 'c.pem', etcdKey: 'k.pem', etcdUser: 'me:a:b' }
    expect(parseStoreChoice('etcd=https://a:2379', flags)).toEqual({
      engine: 'etcd',
      endpoints: ['https://a:2379'],
      tls: { ca: 'ca.pem', cert: 'c.pem', key: 'k.pem' },
      auth: { username: 'me', password: 'a:b' },
    })
    expect(parseStoreChoice('nedb', flags)).toEqual({ engine: 'nedb' })
  })
  it('refuses half an identity and a user without a password', () => {
    expect(() => parseStoreChoice('etcd=https://a:2379', { etcdCert: 'c.pem' })).toThrow(/go together/)
    expect(() => parseStoreChoice('etcd=https://a:2379', { etcdUser: 'me' })).toThrow(/NAME:PASSWORD/)
  })
  it.each(['', 'sqlite', 'etcd', 'etcd=', 'etcd=a:2379', 'etcd=https://a'])(
    'refuses "%s" and says what it wants',
    text => {
      expect(() => parseStoreChoice(text)).toThrow(/--store wants nedb or etcd=/)
    },
  )
})

describe('localNodeName()', () => {
  it.each([
    ['My_Laptop.local', 'my-laptop.local'],
    ['-x-', 'x'],
    ['', 'localhost'],
    ['ä', 'localhost'],
  ])('makes "%s" the node name %s', (hostname, expected) => {
    expect(localNodeName(hostname)).toBe(expected)
  })
})
