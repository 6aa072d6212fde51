// The server's causes stand at the fields that they are about.
import { describe, expect, it } from 'vitest'
import { fieldProblems } from '@/create/field-problems.ts'
import { Deployment } from '../../src/shared/api/apps/v1.ts'
import { invalidValue, required } from '../../src/shared/machinery/field-error.ts'
import { alreadyExists, invalid } from '../../src/shared/machinery/status.ts'

const container = 'spec.template.spec.containers[0]'

describe('fieldProblems()', () => {
  it('puts each cause at its field', () => {
    const { fields, general } = fieldProblems(
      invalid(Deployment, 'web', [
        required(`${container}.image`),
        invalidValue(`${container}.ports[1].containerPort`, 0, 'must be between 1 and 65535, inclusive'),
        invalidValue(`${container}.env[0].name`, '=', 'must not contain ='),
        invalidValue(`${container}.resources.limits[memory]`, 'x', 'no quantity'),
        invalidValue('spec.replicas', -1, 'must be greater than or equal to 0'),
      ]),
      'Deployment',
    )
    expect([...fields.keys()].sort()).toEqual(['env.0', 'image', 'memoryLimit', 'ports.1', 'replicas'])
    expect(fields.get('image')).toBe('Required value')
    expect(general).toEqual([])
  })
  it('tells what belongs to no field by its path', () => {
    const error = invalid(Deployment, 'web', [invalidValue('spec.paused', 1, 'no')])
    expect(fieldProblems(error, 'Deployment').general).toEqual(['spec.paused: Invalid value: 1: no'])
  })
  it('puts a taken name at the name', () => {
    const error = alreadyExists(Deployment, 'web')
    expect(fieldProblems(error, 'Deployment').fields.get('name')).toContain('already exists')
  })
  it('keeps any other failure', () =>
    expect(fieldProblems(new Error('no network'), 'Deployment').general).toEqual(['no network']))
})
