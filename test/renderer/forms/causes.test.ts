// What the server finds wrong stands at the field that it names.
import { describe, expect, it } from 'vitest'
import { refusalOf } from '@/forms/causes.ts'
import { pathText } from '@/forms/form-text.ts'
import { ApiError } from '../../../src/shared/machinery/status.ts'

const refused = (...causes: { field?: string; message: string }[]) =>
  refusalOf(
    ApiError.from({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 422, details: { causes } } as never),
  )

describe('refusalOf()', () => {
  it.each([
    ['spec.containers[0].image', ['spec', 'containers', 0, 'image']],
    ['spec.resources.requests[storage]', ['spec', 'resources', 'requests', 'storage']],
    ['spec.resources[storage]', ['spec', 'resources', 'requests', 'storage']],
    ['data[a.b]', ['data', 'a.b']],
    ['metadata.labels[8]', ['metadata', 'labels', 8]],
  ])('finds the field of %s', (field, path) => {
    expect(refused({ field, message: 'no' }).fields.get(pathText(path))).toBe('no')
  })

  it('tells all that is wrong with one field, and each above as well', () => {
    const { fields, general } = refused({ field: 'spec.a', message: 'one' }, { field: 'spec.a', message: 'two' })
    expect(fields.get('spec.a')).toBe('one; two')
    expect(general).toEqual(['spec.a: one', 'spec.a: two'])
  })

  it.each([
    [`Invalid value: {"minAvailable":1}: cannot be both set`, 'cannot be both set'],
    [`Invalid value: {"a":"}: b: c"}: must match: this`, 'must match: this'],
    [`Invalid value: []: at least one value is required`, 'at least one value is required'],
    [`Invalid value: "{}": must be an absolute path`, `Invalid value: "{}": must be an absolute path`],
    [`Invalid value: {not json: at all`, `Invalid value: {not json: at all`],
  ])('leaves the text of a whole object out of what is told: %s', (said, told) => {
    const { fields, general } = refused({ field: 'spec', message: said })
    expect([fields.get('spec'), general]).toEqual([told, [`spec: ${told}`]])
  })

  it('tells what no field is named for above alone', () => {
    const { fields, general } = refusalOf(new ApiError(403, 'Forbidden', 'not you'))
    expect([fields.size, general]).toEqual([0, ['not you']])
  })
})
