// The short way to a request's path and query says what a whole URL parser would say.
import { describe, expect, test } from 'vitest'
import { targetOf } from '../../../src/main/apiserver/http/target.ts'

describe('targetOf()', () => {
  test.each([
    '/api/v1/namespaces/a/pods/b',
    '/api/v1/../secrets',
    '/api/./v1//pods/',
    '/api/%2e%2e/x',
    '/api/.%2E/x',
    '/api/a.b..c/d.',
    '//host/api',
    '/api\\v1',
    '/api/v1/ü/"quoted"',
    '/?a=1',
    '/x?watch=1&labelSelector=a%3Db,c+d&empty=&a=1&a=2',
    '/x?q=\'<>"# gone',
    '/x?a=1?b=2',
    '/x??a=1',
    '/x#gone?a=1',
    'x?a',
    '*',
    '',
  ])('%s', url => {
    const { pathname, searchParams } = new URL(`https://server${url.startsWith('/') ? url : `/${url}`}`)
    const { path, query } = targetOf(url)
    expect([path, ...query]).toEqual([pathname, ...searchParams])
  })
})
