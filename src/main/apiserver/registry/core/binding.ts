// Bindings: answered, never stored.
import { Binding } from '../../../../shared/api/core/v1.ts'
import { defineResource } from '../resource.ts'

export const bindings = defineResource<Binding>({ type: Binding, verbs: ['create'], virtual: true })
