"""shows an error in German, from its catalogues"""
# needs: wtforms

import wtforms


class Order(wtforms.Form):
    """What is ordered."""

    class Meta:
        locales = ("de",)

    tea = wtforms.StringField(validators=[wtforms.validators.InputRequired()])


order = Order(None)
assert not order.validate()
assert order.errors == {"tea": ["Dieses Feld wird benötigt."]}, order.errors
