export { canonicalize } from 'careseal/fhir'
