/**
 * The front door of careseal.
 *
 * @module careseal
 */
export { CaresealError, isCaresealError } from './errors.ts'
