"""One page: what there is."""

from django.shortcuts import render
from django.urls import path
from goods.models import Good

urlpatterns = [
    path("", lambda request: render(request, "goods/list.html", {"goods": Good.objects.all()}))
]
