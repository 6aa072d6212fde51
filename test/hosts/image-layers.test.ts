// Which layers of an image a host is sent.
import { expect, test } from 'vitest'
import { chainIds, needlessFiles } from '../../src/main/provisioning/images/layers.ts'

const [base, app, other] = ['sha256:aa', 'sha256:bb', 'sha256:cc']
const image = { layers: ['1/layer.tar', '2/layer.tar'], diffIds: [base, app] }

test('a chain id is the first layer itself, then a hash of all that is below', () => {
  // printf '%s' 'sha256:aa sha256:bb' | sha256sum
  expect(chainIds([base, app])).toEqual([
    base,
    'sha256:b68ad689d6d1ec110ea1c13617437ad6f3766d4b3b309f6a603a222e07a0164f',
  ])
})

test.each([
  ['a host without images gets every layer', [], []],
  ['a base that is there is not sent', [[base]], ['1/layer.tar']],
  ['an image that is there is not sent', [[base, app, other]], ['1/layer.tar', '2/layer.tar']],
  ['a layer on top of another base is sent: it is another chain', [[other, app]], []],
])('%s', (_what, present, needless) => {
  expect([...needlessFiles([image], present)]).toEqual(needless)
})

test('a file that one image needs is sent, though another has it already', () => {
  const second = { layers: ['3/layer.tar', '1/layer.tar'], diffIds: [other, base] }
  expect([...needlessFiles([image, second], [[base, app]])]).toEqual(['2/layer.tar'])
})

test('two layers alike are one file under two names', () => {
  const twice = { layers: ['1/layer.tar', '2/layer.tar'], diffIds: [base, base] }
  expect([...needlessFiles([twice], [[base]], () => '1/layer.tar')]).toEqual([])
  expect([...needlessFiles([twice], [[base, base]], () => '1/layer.tar')]).toEqual(['1/layer.tar'])
})
