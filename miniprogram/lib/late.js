/**
 * The initial value of a page's field that onLoad sets; the field's comment gives its type.
 * @returns {any}
 */
const late = () => null

module.exports = { late }
