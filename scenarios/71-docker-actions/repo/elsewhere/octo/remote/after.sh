#!/bin/sh
echo "post of remote"
