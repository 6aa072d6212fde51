// Paths of requests to Ingresses and Gateways, as rules and backends get to see them.
import { describe, expect, it } from 'vitest'
import { mergeSlashes, readPath, rulePath } from '../../src/agent/ingress/request-path.ts'
import { Router } from '../../src/agent/ingress/router.ts'
import { ingress, path, to } from './lab/ingresses.ts'

describe('a path', () => {
  it.each([
    ['/', '/'],
    ['/a/b', '/a/b'],
    ['/a/', '/a/'],
    // The example of RFC 3986.
    ['/a/b/c/./../../g', '/a/g'],
    ['/a/..', '/'],
    ['/a/b/..', '/a/'],
    ['/a/.', '/a/'],
    ['/..', '/'],
    ['/../../etc', '/etc'],
    ['/a/...', '/a/...'],
    ['/a/.b/..c', '/a/.b/..c'],
    ['/a//../b', '/a/b'],
    ['/a/%2e%2e/b', '/b'],
    ['/a/.%2E/b', '/b'],
    ['/%61dmin/%7Euser', '/admin/~user'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    // Slashes of one's own in a segment are data, as in names of packages and branches.
    ['/@scope%2fname', '/@scope%2Fname'],
    ['/a;x=..', '/a;x=..'],
    ['/a//b', '/a//b'],
  ])('%s is read as %s', (asked, read) => expect(readPath(asked)).toBe(read))

  it.each([
    ['/a/..%2fb', 'dots before an encoded slash'],
    ['/a%2f../b', 'dots behind an encoded slash'],
    ['/a%2F%2e%2e%2Fb', 'all of it encoded'],
    ['/a%5c..%5cb', 'encoded backslashes'],
    ['/a/..;/b', 'dots with a parameter'],
    ['/a/..;x=1', 'the same at the end'],
    ['/a\\..\\b', 'backslashes'],
    ['/a%00', 'an end of string'],
    ['/a%', 'a broken escape'],
    ['/a%zz', 'another one'],
    ['/a#b', 'a fragment'],
    ['*', 'no path'],
    ['a', 'no root'],
  ])('%s is refused: %s', asked => expect(readPath(asked)).toBeUndefined())

  it('is matched with slashes in a row as one', () => {
    expect(mergeSlashes('//a///b//')).toBe('/a/b/')
  })

  it('of a rule is written as those of requests', () => {
    expect(['/caf%c3%a9', '/café', '/a'].map(rulePath)).toEqual(['/caf%C3%A9', '/caf%C3%A9', '/a'])
  })
})

describe('a rule', () => {
  const router = new Router([ingress('site', { rules: [{ http: { paths: [path('/', 'Prefix', 'web'), path('/admin', 'Prefix', 'admin'), path('/caf%c3%a9', 'Exact', 'cafe')] } }] })]) // prettier-ignore
  it.each([
    ['/public/../admin/users', 'admin'],
    ['/%61dmin', 'admin'],
    ['//admin', 'admin'],
    ['/admin/../public', 'web'],
    ['/caf%C3%A9', 'cafe'],
  ])('for %s is that of %s', (asked, service) => {
    const action = router.route({ host: 'x', path: mergeSlashes(readPath(asked)!) })
    expect(action?.backends[0]?.backend?.service).toBe(service)
  })

  it('keeps its backends for its own path', () => expect(to('web').service.name).toBe('web'))
})
