// What it takes to steer hosts: each of these is an object that the control plane carries out.
import { Host, HostOperation } from '../../shared/api/flotilla/v1.ts'
import { type Right, rightTo } from '../access/rights.ts'

export const TO_START: readonly Right[] = [rightTo('create', HostOperation)]
export const TO_ADD: readonly Right[] = [rightTo('create', Host), ...TO_START]
export const TO_ANSWER: readonly Right[] = [rightTo('create', HostOperation, { subresource: 'answers' })]
/** To approve one that waits, or to cancel it. */
export const toChange = ({ metadata: { name } }: HostOperation): Right[] => [rightTo('patch', HostOperation, { name })]
