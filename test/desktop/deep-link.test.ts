// What a link from a web page or a chat may make the window do: go somewhere, nothing else.
import { describe, expect, it } from 'vitest'
import { placeInArguments, placeOfLink } from '../../src/main/desktop/deep-link.ts'

describe('placeOfLink()', () => {
  it.each([
    ['flotilla://overview', '/'],
    ['flotilla://', '/'],
    ['flotilla://topology', '/topology'],
    ['flotilla://topology/?ns=shop,billing', '/topology?ns=shop%2Cbilling'],
    [
      'flotilla://k/core/v1/pods?ns=shop&open=shop/web-0&tab=events',
      '/k/core/v1/pods?ns=shop&open=shop%2Fweb-0&tab=events',
    ],
    ['flotilla://k/apps/v1/deployments', '/k/apps/v1/deployments'],
    ['flotilla://k/cert-manager.io/v1/certificates', '/k/cert-manager.io/v1/certificates'],
  ])('leads %s to %s', (link, place) => expect(placeOfLink(link)).toBe(place))

  it.each([
    'https://topology',
    'javascript:alert(1)',
    'flotilla://create/deployment',
    'flotilla://create/yaml?text=kind:Pod',
    'flotilla://login#token=abc',
    'flotilla://k/core/v1/pods/../../../login',
    'flotilla://k/core/v1/%2e%2e',
    'flotilla://k/..a/v1/pods',
    'flotilla://k/core/v1/pods?then=delete',
    'flotilla://k/core/v1/pods?__proto__=a',
    'flotilla://k/core/v1/pods?open=<img src=x>',
    'flotilla://k/core/v1/pods?ns=a&ns=b',
    'flotilla://user:password@topology',
    'flotilla://topology:80',
    'flotilla:topology',
    `flotilla://topology?ns=${'a'.repeat(3_000)}`,
    'flotilla://app://flotilla/ui/',
  ])('goes nowhere for %s', link => expect(placeOfLink(link)).toBeUndefined())
})

describe('placeInArguments()', () => {
  it('finds the link among other arguments', () =>
    expect(placeInArguments(['/opt/flotilla', '--no-sandbox', 'flotilla://timeline'])).toBe('/timeline'))
  it('takes no other argument for one', () => expect(placeInArguments(['--hidden', 'topology'])).toBeUndefined())
})
