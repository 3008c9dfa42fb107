/**
 * The first value of a page's field that onLoad sets; its type stands at the field.
 * @returns {any}
 */
const late = () => null

module.exports = { late }
